// Our Argon2id against hash-wasm's complete Argon2id, where both must run: in workerd.
import { argon2id as hashWasm } from 'hash-wasm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import blake2bModule from '../../src/security/argon2/blake2b.wasm'
import { argon2id as goBack } from '../../src/security/argon2/hash-wasm'
import argon2Module from '../../src/security/argon2/hash-wasm-argon2.wasm'
import { argon2id } from '../../src/security/argon2/own-kernel'

// workerd forbids to compile at run time, which hash-wasm does: it gets the imported modules
// instead.
const webAssembly = WebAssembly as unknown as {
  compile(bytes: ArrayBufferView): Promise<WebAssembly.Module>
}
const { compile } = webAssembly
beforeAll(() => {
  webAssembly.compile = async (bytes) => (bytes.byteLength > 7300 ? blake2bModule : argon2Module)
})
afterAll(() => {
  webAssembly.compile = compile
})

const random = (least: number, most: number) =>
  least +
  Math.floor((crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32) * (most - least + 1))
const bytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const hex = (data: Uint8Array) => Array.from(data, (b) => b.toString(16).padStart(2, '0')).join('')

it('agrees with hash-wasm in 60 random sets of parameters', { timeout: 30_000 }, async () => {
  for (let i = 0; i < 60; i++) {
    const p = random(1, 4)
    const m = i % 20 === 0 ? 19_456 : 8 * p + random(0, 500)
    const [t, tagLength] = [random(1, 4), random(4, 100)]
    const [password, salt] = [bytes(random(1, 130)), bytes(random(8, 40))]
    const costs = { memorySize: m, iterations: t, parallelism: p, hashLength: tagLength }
    const expected = await hashWasm({ password, salt, ...costs, outputType: 'hex' })
    const input = { password, salt, m, t, p, tagLength }
    const of = `m=${m} t=${t} p=${p} password=${hex(password)} salt=${hex(salt)}`
    expect(hex(argon2id(input)), of).toBe(expected)
    expect(hex(goBack(input)), of).toBe(expected)
  }
})
