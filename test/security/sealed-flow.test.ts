import fc from 'fast-check'
import { base64url, CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Keyring, openKeyring } from '../../src/security/keyring'
import { type FlowPurpose, openFlow, sealFlow } from '../../src/security/sealed-flow'
import { encodeJson, flipSpareBit } from '../support/jwks'

const SECRET = 'Vq3x-first-secret-of-the-flow-tests-0123456'
const OTHER_SECRET = 'Zt8y-other-secret-of-the-flow-tests-4567890'
const NOW = new Date('2026-05-01T12:00:00.900Z')
const seconds = Math.floor(NOW.getTime() / 1000)
const LIFETIME = 600
const FLOW = { issuer: 'https://idp.example', state: 'st', nonce: 'nö', next: null }
const Flow = z.strictObject({
  issuer: z.string(),
  state: z.string(),
  nonce: z.string(),
  next: z.string().nullable(),
})
const PURPOSE = 'identityProviderFlow'
const HEADER = { alg: 'dir', enc: 'A256GCM', typ: 'identity-provider-flow+jwe' }
const jti = 'AAAAAAAAAAAAAAAAAAAAAA'
const content = { jti, exp: seconds + LIFETIME, flow: FLOW }

const open = (jwtSecret: string, jwtSecretPrevious: string | null = null) =>
  openKeyring({ jwtSecret, jwtSecretPrevious, signingKeys: null })
let keyring: Keyring
let text: string
beforeAll(async () => {
  keyring = await open(SECRET)
  text = await seal(FLOW)
})

const seal = (flow: object, purpose: FlowPurpose = PURPOSE) =>
  sealFlow(keyring, purpose, flow, { now: NOW, lifetimeSeconds: LIFETIME })
const read = (sealed: string, now = NOW, keys = keyring, purpose: FlowPurpose = PURPOSE) =>
  openFlow(keys, purpose, sealed, { now, schema: Flow })
const at = (offset: number) => new Date((seconds + offset) * 1000)

/** Encrypts any content under any header with the service's own key, without a library. */
async function forge(header: unknown, plain: unknown, key = keyring[PURPOSE][0], tagBits = 128) {
  const head = encodeJson(header)
  const bytes = new TextEncoder().encode(typeof plain === 'string' ? plain : JSON.stringify(plain))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const additionalData = new TextEncoder().encode(head)
  const algorithm = { name: 'AES-GCM', iv, additionalData, tagLength: tagBits }
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, bytes))
  const end = sealed.length - tagBits / 8
  const parts = [iv, sealed.subarray(0, end), sealed.subarray(end)].map((part) =>
    base64url.encode(part),
  )
  return `${head}..${parts.join('.')}`
}

async function expectRefused(texts: Record<string, string | Promise<string>>) {
  for (const [name, sealed] of Object.entries(texts))
    expect(await read(await sealed), name).toBeNull()
}

describe('a sealed flow', () => {
  it('has exactly the header of its purpose, and is otherwise unreadable', async () => {
    expect(decodeProtectedHeader(text)).toEqual(HEADER)
    const registration = await seal(FLOW, 'identityRegistration')
    expect(decodeProtectedHeader(registration)).toMatchObject({
      typ: 'identity-registration+jwe',
    })
    for (const part of text.split('.'))
      expect(new TextDecoder().decode(base64url.decode(part))).not.toContain('idp.example')
  })

  it('is opened as what was sealed, with its expiry and a name of its own', async () => {
    expect(await read(text)).toEqual({
      flow: FLOW,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      expiresAt: at(LIFETIME),
    })
    const again = await seal(FLOW)
    expect(again).not.toBe(text)
    expect((await read(again))?.jti).not.toBe((await read(text))?.jti)
  })

  it('is opened as what was sealed, whatever that is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (flow) => {
        const sealed = await seal(flow)
        const opened = await openFlow(keyring, PURPOSE, sealed, { now: NOW, schema: z.unknown() })
        expect(JSON.stringify(opened?.flow)).toBe(JSON.stringify(flow))
      }),
    )
  })

  it('is a JWE that jose reads, and one that jose made is opened (RFC 7516)', async () => {
    const key = keyring[PURPOSE][0]
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (flow) => {
        const { plaintext, protectedHeader } = await compactDecrypt(await seal(flow), key)
        expect(protectedHeader).toEqual(HEADER)
        const content = JSON.parse(new TextDecoder().decode(plaintext))
        expect(JSON.stringify(content.flow)).toBe(JSON.stringify(flow))

        const ofJose = await new CompactEncrypt(plaintext).setProtectedHeader(HEADER).encrypt(key)
        const opened = await openFlow(keyring, PURPOSE, ofJose, { now: NOW, schema: z.unknown() })
        expect(JSON.stringify(opened?.flow)).toBe(JSON.stringify(flow))
      }),
    )
  })

  it('lives until its expiry', async () => {
    for (const offset of [-3600, 0, LIFETIME - 1])
      expect(await read(text, at(offset))).not.toBeNull()
    for (const offset of [LIFETIME, LIFETIME + 1, 1e9])
      expect(await read(text, at(offset)), `${offset} s`).toBeNull()
  })

  it('is refused for another purpose, also under its typ', async () => {
    const purpose = 'identityRegistration'
    expect(await read(text, NOW, keyring, purpose)).toBeNull()
    const registration = await seal(FLOW, purpose)
    expect(await read(registration, NOW, keyring, purpose)).not.toBeNull()
    expect(await read(registration)).toBeNull()
    await expectRefused({
      'the key of the other purpose': forge(HEADER, content, keyring[purpose][0]),
      'the typ of the other purpose': forge(
        { ...HEADER, typ: 'identity-registration+jwe' },
        content,
      ),
    })
  })

  it('survives a change of JWT_SECRET while the old one is JWT_SECRET_PREVIOUS', async () => {
    const during = await open(OTHER_SECRET, SECRET)
    expect(await read(text, NOW, during)).toMatchObject({ flow: FLOW })
    expect(await read(text, NOW, await open(OTHER_SECRET))).toBeNull()
    const sealed = await sealFlow(during, PURPOSE, FLOW, { now: NOW, lifetimeSeconds: LIFETIME })
    expect(await read(sealed, NOW, await open(OTHER_SECRET))).not.toBeNull()
    expect(await read(sealed)).toBeNull()
  })

  it('is refused when the flow does not fit the schema', async () => {
    for (const flow of [
      {},
      { ...FLOW, state: 7 },
      { ...FLOW, more: 1 },
      [],
      { ...FLOW, next: undefined },
    ])
      expect(await read(await seal(flow)), JSON.stringify(flow)).toBeNull()
  })

  it('is not made when it would not fit in a cookie', async () => {
    const fits = await seal({ next: 'x'.repeat(2800) })
    expect(fits.length).toBeLessThanOrEqual(4000)
    await expect(seal({ next: 'x'.repeat(3000) })).rejects.toThrow(RangeError)
  })
})

describe('a forged flow', () => {
  it('can be made by these tests: with nothing changed it is opened', async () => {
    expect(await read(await forge(HEADER, content))).toMatchObject({ flow: FLOW })
  })

  it('is refused with the members of its header in another order', async () => {
    const { typ, enc, alg } = HEADER
    await expectRefused({ 'typ first': forge({ typ, enc, alg }, content) })
  })

  it('is refused with another algorithm, compression or member in its header', async () => {
    const key = keyring[PURPOSE][0]
    const changed: Record<string, unknown> = {
      alg: [
        'RSA-OAEP',
        'A256KW',
        'A256GCMKW',
        'PBES2-HS256+A128KW',
        'none',
        'DIR',
        '',
        null,
        ['dir'],
      ],
      enc: ['A128GCM', 'A192GCM', 'A256CBC-HS512', 'A128CBC-HS256', 'a256gcm', '', null, 7],
      typ: [undefined, null, '', 'JWT', 'jwe', 'at+jwt', HEADER.typ.toUpperCase(), [HEADER.typ]],
      zip: ['DEF', '', null],
      kid: ['x'],
      cty: ['JWT'],
      crit: [['exp'], []],
      epk: [{}],
      p2c: [1],
      jku: ['https://a.example'],
    }
    for (const [member, values] of Object.entries(changed))
      for (const value of values as unknown[])
        await expectRefused({
          [`${member} ${JSON.stringify(value)}`]: forge({ ...HEADER, [member]: value }, content),
        })
    const compressed = new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
      .setProtectedHeader({ ...HEADER, zip: 'DEF' })
      .encrypt(key)
    await expectRefused({ 'really compressed': compressed })
    await expectRefused({
      'members by __proto__': forge(
        '{"__proto__":{"alg":"dir"},"enc":"A256GCM","typ":"identity-provider-flow+jwe"}',
        content,
      ),
    })
  })

  it('is refused with another key, or a shorter or longer tag', async () => {
    const raw = new TextEncoder().encode(SECRET.slice(0, 32))
    const plain = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
    const [h, , iv, ciphertext, tag] = text.split('.') as [string, string, string, string, string]
    await expectRefused({
      'bytes of JWT_SECRET as the key': forge(HEADER, content, plain),
      'a tag of 96 bits': forge(HEADER, content, undefined, 96),
      'a tag of 120 bits': forge(HEADER, content, undefined, 120),
      'a tag cut short': `${h}..${iv}.${ciphertext}.${tag.slice(0, 16)}`,
      'no tag': `${h}..${iv}.${ciphertext}.`,
      'a longer tag': `${text}AA`,
      'no ciphertext': `${h}..${iv}..${tag}`,
      'a shorter IV': `${h}..${iv.slice(4)}.${ciphertext}.${tag}`,
      'an encrypted key': `${h}.${tag}.${iv}.${ciphertext}.${tag}`,
      'the header of another': `${encodeJson({ ...HEADER, x: 1 })}..${iv}.${ciphertext}.${tag}`,
    })
  })

  it('is refused when its content is not that of a flow', async () => {
    const contents = ['', 'null', '7', '[]', '"x"', '{', '{}', '\ufeff{}', '[[[['.repeat(300)]
    for (const plain of contents)
      await expectRefused({ [plain.slice(0, 20)]: forge(HEADER, plain) })
    const wrong: Record<string, unknown[]> = {
      exp: [
        undefined,
        null,
        '',
        String(seconds + 60),
        seconds,
        -1,
        seconds + 0.5,
        1e300,
        [seconds],
      ],
      jti: [undefined, null, '', 7, 'short', [jti]],
      flow: [undefined, null, '', 7, [], {}],
    }
    for (const [member, values] of Object.entries(wrong))
      for (const value of values)
        await expectRefused({
          [`${member} ${JSON.stringify(value)}`]: forge(HEADER, { ...content, [member]: value }),
        })
    const endless = JSON.stringify(content).replace(String(content.exp), '1e400')
    await expectRefused({ 'an endless exp': forge(HEADER, endless) })
  })
})

describe('a respelled or damaged flow', () => {
  it('is refused, though it may decode to the same bytes', async () => {
    const [h, , iv, ciphertext, tag] = text.split('.') as [string, string, string, string, string]
    await expectRefused({
      'spare bits of the tag': flipSpareBit(text),
      padding: `${text}==`,
      'a padded IV': `${h}..${iv}=.${ciphertext}.${tag}`,
      'a space before': ` ${text}`,
      'a line break after': `${text}\n`,
      'a line break within': `${h}..${iv}.${ciphertext.slice(0, 8)}\n${ciphertext.slice(8)}.${tag}`,
      'a sixth part': `${text}.${tag}`,
      'a NUL after': `${text}\0`,
      quotes: `"${text}"`,
      nothing: '',
      dots: '....',
      'a megabyte': 'A'.repeat(1_000_000),
      'a megabyte of dots': '.'.repeat(1_000_000),
      'too long, though sealed': forge(HEADER, { ...content, more: 'x'.repeat(3000) }),
    })
  })

  it('is refused cut short anywhere, with any character changed, and never throws', async () => {
    for (let length = 0; length < text.length; length++)
      expect(await read(text.slice(0, length)), `${length} characters`).toBeNull()
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.constantFrom(...'AZaz09-_.= é'),
        async (place, character) => {
          const changed = text.slice(0, place) + character + text.slice(place + 1)
          expect(changed === text || (await read(changed)) === null, changed).toBe(true)
        },
      ),
      { numRuns: 1000 },
    )
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (any) => (await read(any)) === null),
    )
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.json(), async (head, body) => {
        expect(await read(await forge(head, body))).toBeNull()
        expect(await read(await forge(HEADER, body))).toBeNull()
      }),
    )
  })
})
