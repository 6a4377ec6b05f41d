// Our Argon2id against the RFC's vectors and two other implementations, in Node where those run.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashRawSync } from '@node-rs/argon2'
import reference from 'argon2'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { argon2idOf, type Input } from '../../src/security/argon2/argon2'
import { blake2bOf } from '../../src/security/argon2/blake2b'
import { hashWasmFill } from '../../src/security/argon2/hash-wasm-fill'
import { kernelFill } from '../../src/security/argon2/kernel-fill'

const folder = 'src/security/argon2'
const wasm = (name: string) => new WebAssembly.Module(readFileSync(`${folder}/${name}.wasm`))
const blake2b = blake2bOf(wasm('blake2b'))
const kernel = wasm('kernel')
const ours = argon2idOf(blake2b, kernelFill(kernel))
const fresh = (input: Input) => argon2idOf(blake2b, kernelFill(kernel))(input)
const hashWasm = argon2idOf(blake2b, hashWasmFill(wasm('hash-wasm-argon2')))

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const utf8 = (text: string) => new TextEncoder().encode(text)
const repeat = (byte: number, length: number) => new Uint8Array(length).fill(byte)

/** Numbers that look random and are the same in every run. */
function numbers(seed: number) {
  let state = seed
  return (least: number, most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return least + Math.floor((state / 2 ** 32) * (most - least + 1))
  }
}

describe.each([
  ['the own kernel', ours],
  ['hash-wasm on a kept instance', hashWasm],
])('Argon2id with %s', (_, argon2id) => {
  it('gives the tag of RFC 9106, section 5.3', () => {
    const input = {
      ...{
        password: repeat(1, 32),
        salt: repeat(2, 16),
        secret: repeat(3, 8),
        data: repeat(4, 12),
      },
      ...{ m: 32, t: 3, p: 4, tagLength: 32 },
    }
    expect(hex(argon2id(input))).toBe(
      '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659',
    )
  })

  // phc-winner-argon2, src/test.c, version 0x13, Argon2id
  it.each([
    [
      2,
      16,
      1,
      'password',
      'somesalt',
      '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
    ],
    [
      2,
      8,
      1,
      'password',
      'somesalt',
      '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe',
    ],
    [
      2,
      8,
      2,
      'password',
      'somesalt',
      '6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037',
    ],
    [
      1,
      16,
      1,
      'password',
      'somesalt',
      'f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98',
    ],
    [
      4,
      16,
      1,
      'password',
      'somesalt',
      '9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c',
    ],
    [
      2,
      16,
      1,
      'differentpassword',
      'somesalt',
      '0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde',
    ],
    [
      2,
      16,
      1,
      'password',
      'diffsalt',
      'bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c',
    ],
  ])('gives the tag of the reference: t=%i m=2^%i p=%i %s %s', (t, log, p, password, salt, tag) => {
    const input = { password: utf8(password), salt: utf8(salt), t, m: 2 ** log, p, tagLength: 32 }
    expect(hex(argon2id(input))).toBe(tag)
  })

  it.each([{ p: 0 }, { t: 0 }, { m: 7 }, { m: 31, p: 4 }, { tagLength: 3 }])(
    'refuses what RFC 9106 does not define: %o',
    (wrong) => {
      const input = {
        password: utf8('x'),
        salt: utf8('somesalt'),
        m: 64,
        t: 1,
        p: 1,
        tagLength: 32,
      }
      expect(() => argon2id({ ...input, ...wrong })).toThrow(RangeError)
    },
  )
})

describe('our Argon2id', () => {
  it('agrees with npm argon2 in 800 sets of parameters, and with @node-rs/argon2 in the 500 of them that it can take', {
    timeout: 60_000,
  }, async () => {
    const pick = numbers(9106)
    const bytes = (least: number, most: number) =>
      Buffer.from(Array.from({ length: pick(least, most) }, () => pick(0, 255)))
    for (let i = 0; i < 800; i++) {
      const p = pick(1, 4)
      const m =
        8 * p + (i % 100 === 0 ? pick(0, 65_536 - 8 * p) : pick(0, i % 10 === 0 ? 3000 : 300))
      const t = m > 4000 ? pick(1, 2) : pick(1, 10)
      // the first of them long enough to cross the 16 KiB that BLAKE2b takes at a time
      const password = i % 100 === 0 ? bytes(16_000, 40_000) : bytes(i % 7 === 0 ? 0 : 1, 140)
      const salt = bytes(8, 64)
      const tagLength = pick(4, 130)
      const [secret, data] = [bytes(0, 40), bytes(0, 40)]
      const keyed = i % 8 < 3
      const tag = hex(
        ours({ password, salt, m, t, p, tagLength, ...(keyed ? { secret, data } : {}) }),
      )
      const of = `${i}: m=${m} t=${t} p=${p} tag=${tagLength}`
      const costs = { memoryCost: m, timeCost: t, parallelism: p }
      const c = await reference.hash(password, {
        ...{ ...costs, type: 2, hashLength: tagLength, salt, raw: true },
        ...(keyed ? { secret, associatedData: data } : {}),
      })
      expect(tag, `npm argon2, ${of}`).toBe(hex(c))
      if (keyed) continue // its API has no associated data
      const rust = hashRawSync(password, { ...costs, algorithm: 2, outputLen: tagLength, salt })
      expect(tag, `@node-rs/argon2, ${of}`).toBe(hex(rust))
    }
  })

  it('gives the same on its one memory, whatever was hashed before, as on a fresh one', {
    timeout: 30_000,
  }, () => {
    const inputs = fc.record({
      m: fc.oneof(fc.integer({ min: 32, max: 200 }), fc.integer({ min: 32, max: 2000 })),
      t: fc.integer({ min: 1, max: 3 }),
      p: fc.integer({ min: 1, max: 4 }),
      tagLength: fc.integer({ min: 4, max: 100 }),
      password: fc.uint8Array({ maxLength: 40 }),
      salt: fc.uint8Array({ minLength: 8, maxLength: 24 }),
    })
    fc.assert(
      fc.property(fc.array(inputs, { minLength: 2, maxLength: 6 }), (sequence) => {
        const expected = sequence.map((input) => hex(fresh(input)))
        const instance = argon2idOf(blake2b, kernelFill(kernel))
        expect(sequence.map((input) => hex(instance(input)))).toEqual(expected)
        expect(sequence.toReversed().map((input) => hex(instance(input)))).toEqual(
          expected.toReversed(),
        )
      }),
      { numRuns: 40 },
    )
  })

  it('leaves nothing of a hash in its memory, and grows it once for a heavier one', {
    timeout: 30_000,
  }, () => {
    const grown: WebAssembly.Memory[] = []
    const grow = WebAssembly.Memory.prototype.grow
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(function (
      this: WebAssembly.Memory,
      pages: number,
    ) {
      grown.push(this)
      return grow.call(this, pages)
    })
    const instance = argon2idOf(blake2b, kernelFill(kernel))
    const input = { password: utf8('password'), salt: utf8('somesalt'), t: 1, p: 1, tagLength: 32 }
    for (const m of [19_456, 65_536, 19_456, 65_536, 64]) instance({ ...input, m })
    vi.restoreAllMocks()
    expect(grown).toHaveLength(2)
    const memory = new Uint8Array(grown[0]!.buffer)
    expect(memory.length).toBe((64 + 65_536) * 1024) // a page of scratch, then the blocks
    expect(memory.every((byte) => byte === 0)).toBe(true)
  })
})

describe('the modules', () => {
  it('come out of a second build the same, byte for byte', { timeout: 60_000 }, () => {
    const target = mkdtempSync(join(tmpdir(), 'argon2-'))
    try {
      execFileSync(process.execPath, ['scripts/build/wasm.mjs', target])
      for (const name of ['kernel', 'blake2b', 'hash-wasm-argon2']) {
        const [installed, again] = [folder, target].map((at) => readFileSync(`${at}/${name}.wasm`))
        expect(again?.equals(installed!), name).toBe(true)
      }
    } finally {
      rmSync(target, { recursive: true })
    }
  })

  it('are small: the kernel has at most 6 KiB, and asks for nothing', () => {
    expect(readFileSync(`${folder}/kernel.wasm`).length).toBeLessThanOrEqual(6 * 1024)
    expect(WebAssembly.Module.imports(kernel)).toEqual([])
  })
})
