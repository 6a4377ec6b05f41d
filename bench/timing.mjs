// `npm run bench -- timing`: measures whether response times tell a known account from an unknown
// one, and the cost of ES256 signatures against HS256.
import { build } from './build.mjs'
import { load, send } from './load.mjs'
import { auc, fixed, histogram, median, quantile, table } from './numbers.mjs'
import { expect, register, signIn, tokenOf } from './people.mjs'
import { start } from './server.mjs'

const PAIRS = 200
const ROUNDS = 9

/**
 * Alternates requests for a known and an unknown account, in random order. Times are milliseconds.
 */
async function pairs(url, known, unknown) {
  const times = { known: [], unknown: [] }
  const statuses = new Map()
  for (let n = 0; n < PAIRS; n++) {
    const both = [
      ['known', known(n)],
      ['unknown', unknown(n)],
    ]
    if (Math.random() < 0.5) both.reverse()
    for (const [kind, what] of both) {
      const { status, ms } = await send(url, what)
      times[kind].push(ms)
      const key = `${kind} ${status}`
      statuses.set(key, (statuses.get(key) ?? 0) + 1)
    }
  }
  return { ...times, statuses }
}

function rowOf(name, { known, unknown, statuses }) {
  const [a, b] = [median(known), median(unknown)]
  const counts = [...statuses].map(([what, count]) => `${what} × ${count}`).join(', ')
  const difference = `${fixed(Math.abs(a / b - 1) * 100, 1)} %`
  return [name, fixed(a), fixed(b), difference, fixed(auc(known, unknown)), counts]
}

async function accounts(folder) {
  const { url, stop, db } = await start(folder, { bindings: { EMAIL_SIGN_IN: 'on' } })
  try {
    const emails = await register(url, PAIRS)
    await db.exec('update users set email_verified = 1')
    const forgot = (email) => ({
      method: 'POST',
      path: '/api/users/forgot-password',
      json: { email },
    })
    const askForLink = (email) => ({ ...forgot(email), path: '/api/session/email' })
    const unknownEmail = (n) => `unknown${n}@example.com`
    const wrong = 'not the password at all'
    const signIns = await pairs(
      url,
      (n) => signIn(emails[n], wrong),
      (n) => signIn(unknownEmail(n), wrong),
    )
    const links = await pairs(
      url,
      (n) => forgot(emails[n]),
      (n) => forgot(unknownEmail(n)),
    )
    const signInLinks = await pairs(
      url,
      (n) => askForLink(emails[n]),
      (n) => askForLink(unknownEmail(n)),
    )
    const head = [`${PAIRS} pairs`, 'known ms', 'unknown ms', 'difference', 'AUC', 'statuses']
    const rows = [
      rowOf('sign in, wrong password', signIns),
      rowOf('forgot password', links),
      rowOf('sign-in link', signInLinks),
    ]
    process.stdout.write(`\n${table(head, rows)}\n`)
  } finally {
    await stop()
  }
}

async function es256() {
  const { privateKey } = await crypto.subtle.generateKey(
    { name: 'ECDSA', namedCurve: 'P-256' },
    true,
    ['sign', 'verify'],
  )
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  return JSON.stringify({ keys: [{ kty, crv, x, y, d, alg: 'ES256' }] })
}

/** Measures `/me` with tokens of each algorithm, interleaved. */
async function signatures(folder) {
  const kinds = [
    { name: 'HS256', worker: await start(folder), medians: [] },
    {
      name: 'ES256',
      worker: await start(folder, { bindings: { SIGNING_KEYS: await es256() } }),
      medians: [],
    },
  ]
  try {
    for (const kind of kinds) {
      const [email] = await register(kind.worker.url, 1)
      kind.token = await tokenOf(kind.worker.url, email)
      const what = { path: '/api/users/me', token: kind.token }
      expect(await send(kind.worker.url, what), 200)
    }
    const statuses = new Map()
    for (let round = -1; round < ROUNDS; round++) {
      for (const { worker, token, medians } of round % 2 ? kinds : kinds.toReversed()) {
        const bounds = { connections: 1, requests: 400, ms: 2000 }
        const result = await load(worker.url, () => ({ path: '/api/users/me', token }), bounds)
        if (round >= 0) medians.push(quantile(result.times, 0.5))
        for (const [s, n] of result.statuses) statuses.set(s, (statuses.get(s) ?? 0) + n)
      }
    }
    const [hs, es] = kinds.map(({ medians }) => medians)
    const more = median(es.map((ms, i) => ms - hs[i]))
    process.stdout.write(
      `\n/me with HS256: ${fixed(median(hs))} ms, with ES256: ${fixed(median(es))} ms; ES256 adds ${fixed(more, 3)} ms (${histogram(statuses)}).\n`,
    )
  } finally {
    await Promise.all(kinds.map(({ worker }) => worker.stop()))
  }
}

export async function timing() {
  const { gatepost } = await build()
  await accounts(gatepost)
  await signatures(gatepost)
}
