import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseSigningKeys } from '../../src/security/signing-keys'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatepost-keys-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Run {
  code: number
  stdout: string
  stderr: string
}

/** Runs `npm run keys` with these options, in the test's own folder. */
const keys = (options: string[] = [], stdin = ''): Promise<Run> =>
  new Promise((done) => {
    const script = join(import.meta.dirname, '../../scripts/ops/keys.mjs')
    const child = execFile(
      process.execPath,
      [script, ...options],
      { cwd: folder },
      (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
    child.stdin?.on('error', () => {}).end(stdin)
  })

const kidsOf = (set: string) => (JSON.parse(set) as { keys: JWK[] }).keys.map(({ kid }) => kid)

// Every run is a Node process of its own, and a busy machine starts them slowly.
describe('npm run keys', { timeout: 60_000 }, () => {
  it('prints a set of one key for each algorithm, and nothing else, on stdout', async () => {
    for (const [options, alg] of [
      [[], 'ES256'],
      [['--alg', 'EdDSA'], 'EdDSA'],
      [['--alg', 'RS256'], 'RS256'],
    ] as [string[], string][]) {
      const { code, stdout, stderr } = await keys(options)
      expect(code).toBe(0)
      expect(parseSigningKeys(stdout)).toMatchObject([{ alg }])
      const [jwk] = (JSON.parse(stdout) as { keys: [JWK] }).keys
      expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk))
      expect(stderr).toContain(jwk.kid)
      expect(stderr).not.toContain(jwk.d)
    }
    expect(await readdir(folder)).toEqual([])
  })

  it('turns a key over in three steps', async () => {
    const first = (await keys()).stdout
    const [old] = kidsOf(first)
    const rotated = (await keys(['--rotate', '-', '--alg', 'EdDSA'], first)).stdout
    const fresh = kidsOf(rotated)[1]
    expect(kidsOf(rotated)).toEqual([old, fresh])
    expect(fresh).not.toBe(old)
    const promoted = (await keys(['--promote', '-'], rotated)).stdout
    expect(kidsOf(promoted)).toEqual([fresh, old])
    const dropped = (await keys(['--drop', '-'], promoted)).stdout
    expect(kidsOf(dropped)).toEqual([fresh])
  })

  it('writes a file only when asked, readable by its owner alone, and replaces only the set it read', async () => {
    const file = join(folder, 'set.json')
    const { stdout } = await keys(['--out', file])
    expect(stdout).toBe('')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const first = await readFile(file, 'utf8')

    expect((await keys(['--out', file])).code).toBe(1)
    expect(await readFile(file, 'utf8')).toBe(first)

    expect((await keys(['--rotate', file, '--out', file])).code).toBe(0)
    expect(kidsOf(await readFile(file, 'utf8'))).toEqual([...kidsOf(first), expect.any(String)])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['set.json'])
    await rm(file)
  })

  it('reads the set of a .dev.vars, and never writes over that file', async () => {
    const file = join(folder, '.dev.vars')
    const set = (await keys()).stdout.trim()
    for (const line of [`SIGNING_KEYS='${set}'`, `SIGNING_KEYS = ${set}`]) {
      const text = `JWT_SECRET=abc\n${line}\nOTHER=1\n`
      await writeFile(file, text)
      const { stdout } = await keys(['--rotate', file])
      expect(kidsOf(stdout).slice(0, 1)).toEqual(kidsOf(set))
      expect((await keys(['--rotate', file, '--out', file])).code).toBe(1)
      expect(await readFile(file, 'utf8')).toBe(text)
    }
    await rm(file)
  })

  it('makes a JWT_SECRET of 256 random bits', async () => {
    const { stdout } = await keys(['--secret'])
    expect(stdout).toMatch(/^[\w-]{43}\n$/)
    expect((await keys(['--secret'])).stdout).not.toBe(stdout)
  })

  it('refuses what it cannot do, with the reason, no secret and nothing on stdout', async () => {
    const set = (await keys()).stdout
    const big = (
      await keys(['--rotate', '-', '--alg', 'RS256'], (await keys(['--alg', 'RS256'])).stdout)
    ).stdout
    const wrong: [string[], string, RegExp][] = [
      [['--alg', 'HS256'], '', /--alg is one of ES256, EdDSA, RS256/],
      [['--alg', 'toString'], '', /--alg is one of/],
      [['--frobnicate'], '', /Unknown option/],
      [['set.json'], '', /Unexpected argument/],
      [['--rotate'], '', /argument missing/],
      [['--rotate', '-', '--drop', '-'], set, /Choose one of --rotate and --drop/],
      [['--promote', '-'], set, /There is one key only/],
      [['--drop', '-'], set, /There is one key only/],
      [['--drop', '-', '--alg', 'ES256'], set, /--drop makes no key/],
      [['--secret', '--out', 'x'], '', /--secret takes no other option/],
      [['--rotate', 'nowhere.json'], '', /Cannot read nowhere.json: ENOENT/],
      [['--rotate', '-'], '', /The present set must be JSON/],
      [['--rotate', '-'], '{"keys":[{"kty":"oct","k":"hunter2"}]}', /key 1 must be EC P-256/],
      [['--rotate', '-', '--alg', 'RS256'], big, /larger than a secret may be/],
      [['--out', 'no/such/folder/set.json'], '', /Cannot write/],
    ]
    for (const [options, stdin, reason] of wrong) {
      const { code, stdout, stderr } = await keys(options, stdin)
      expect(code, options.join(' ')).toBe(1)
      expect(stderr).toMatch(reason)
      expect(stderr).not.toMatch(/hunter2|^\s+at /m)
      expect(stdout).toBe('')
    }
    expect(await readdir(folder)).toEqual([])
  })
})
