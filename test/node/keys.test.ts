import { execFile } from 'node:child_process'
import { hkdfSync } from 'node:crypto'
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

/** The keys of a DATA_KEYS set, checked by their shape alone. */
function dataKeysOf(set: string): string[] {
  const keys = set.trim().split(',')
  for (const key of keys) expect(key).toMatch(/^[\w-]{42}[AEIMQUYcgkosw048]$/)
  return keys
}

/** The name of a data key, computed by Node from the key (RFC 5869). */
const kidOf = (key: string) =>
  Buffer.from(
    hkdfSync('sha256', Buffer.from(key, 'base64url'), '', 'gatepost data key kid', 8),
  ).toString('base64url')

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

  it('--data → prints one data key, and names it without showing it', async () => {
    const { code, stdout, stderr } = await keys(['--data'])
    expect(code).toBe(0)
    const [key = '', ...more] = dataKeysOf(stdout)
    expect(more).toEqual([])
    expect(stdout).toBe(`${key}\n`)
    expect(stderr).toContain(kidOf(key))
    expect(stderr).toContain('secret DATA_KEYS')
    expect(stderr).not.toContain(key)
    expect((await keys(['--data'])).stdout).not.toBe(stdout)
  })

  it('--data → rotates the key in three steps', async () => {
    const run = async (step: string, set: string) =>
      dataKeysOf((await keys(['--data', step, '-'], set)).stdout)
    const old = (await keys(['--data'])).stdout.trim()
    const rotated = await run('--rotate', old)
    expect(rotated).toEqual([old, expect.any(String)])
    const [, fresh = ''] = rotated
    expect(await run('--promote', rotated.join())).toEqual([fresh, old])
    const { stdout, stderr } = await keys(['--data', '--drop', '-'], `${fresh},${old}\n`)
    expect(stdout).toBe(`${fresh}\n`)
    expect(stderr).not.toContain(fresh)
  })

  it('--data → reads the keys of a .dev.vars or a file, and replaces only the file', async () => {
    const vars = join(folder, '.dev.vars')
    const key = (await keys(['--data'])).stdout.trim()
    for (const line of [`DATA_KEYS=${key}`, `DATA_KEYS='${key}'`, ` DATA_KEYS = "${key}"`]) {
      const text = `JWT_SECRET=abc\n${line}\nOTHER=1\n`
      await writeFile(vars, text)
      const { stdout } = await keys(['--data', '--rotate', vars])
      expect(dataKeysOf(stdout)[0]).toBe(key)
      expect((await keys(['--data', '--rotate', vars, '--out', vars])).code).toBe(1)
      expect(await readFile(vars, 'utf8')).toBe(text)
    }
    await rm(vars)

    const file = join(folder, 'data-keys.txt')
    expect((await keys(['--data', '--out', file])).code).toBe(0)
    expect((await keys(['--data', '--rotate', file, '--out', file])).code).toBe(0)
    expect(dataKeysOf(await readFile(file, 'utf8'))).toHaveLength(2)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await rm(file)
  })

  it('refuses what it cannot do, with the reason, no secret and nothing on stdout', async () => {
    const set = (await keys()).stdout
    const data = (await keys(['--data'])).stdout
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
      [['--secret', '--data'], '', /--secret takes no other option/],
      [['--data', '--alg', 'ES256'], '', /--data takes no --alg/],
      [['--data', '--promote', '-'], data, /There is one key only/],
      [['--data', '--drop', '-'], data, /There is one key only/],
      [['--data', '--rotate', '-'], '', /key 1 must be 32 bytes in base64url/],
      [['--data', '--rotate', '-'], set, /key 1 must be 32 bytes in base64url/],
      [['--data', '--rotate', '-'], `${data.trim()},hunter2`, /key 2 must be 32 bytes/],
      [['--rotate', '-'], data, /The present set must be JSON/],
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
