// @ts-check
// `npm run demo`: fills the service that `npm run dev` runs on this machine with four users, one of
// them an admin, their pictures, sessions and events, and twelve posts, so that a first look shows
// something. Running it again adds no users and no posts.
import { run } from '../tools.mjs'
import { drawPortrait, PORTRAITS } from './demo-pictures.mjs'

const ORIGIN = `http://localhost:${process.argv[2] ?? 8787}`
const PASSWORD = 'a demo for four people'

const PEOPLE = [
  { username: 'mira', full_name: 'Mira Ångström' },
  { username: 'jonas', full_name: 'Jonas Weiß' },
  { username: 'noor', full_name: 'Noor Haddad' },
  { username: 'sam', full_name: 'Sam Okafor' },
]
const ADMIN = 'noor'

/** Each user signs in from these, so that the list of sessions has several devices. */
const DEVICES = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36',
]

const POSTS = [
  [
    'A bread that fails well',
    'The oven was cold and the flour was old, and it still came out as bread. I would keep the long rest, and drop the steam.',
  ],
  [
    'Why I keep a paper notebook',
    'It never asks me to sign in. It has no battery. When I lose it, my handwriting is its encryption.',
  ],
  [
    'Notes from a small workshop',
    'Three benches, one vice, and a clock that runs five minutes fast. The cheapest plane in the drawer is the one that gets used.',
  ],
  [
    'One round trip to the database',
    'Every request began with the same question: is this session active? Now the question travels with the work, and the answer undoes it if need be.',
  ],
  [
    'Trains I would take again',
    'The night train to Vienna, for breakfast on the bridge. The slow one along the coast, for the windows that open.',
  ],
  [
    'What a good error says',
    'What is wrong, which field it concerns, and what to do next. Everything else is for the log.',
  ],
  [
    'Repairing a lamp',
    'The switch was fine. The cable was fine. The bulb, which I had replaced twice, was from a bad box.',
  ],
  [
    'Reading list for the winter',
    'Two novels, a history of salt, and the manual of a sewing machine that I have owned for ten years.',
  ],
  [
    'Tea, measured',
    'Four grams, eighty degrees, two minutes. Then I stopped measuring and it was better.',
  ],
  [
    'On deleting code',
    'The best commit of the month removed nine hundred lines. Nothing else changed, and that was the point.',
  ],
  [
    'A map of the garden',
    'North is where the snow stays. The rest we learned from where the cat sleeps.',
  ],
  [
    'First ride after the rain',
    'Every puddle is a mirror, and every mirror is cold. I would do it again tomorrow.',
  ],
]

/**
 * @param {string} method @param {string} path
 * @param {Record<string, string>} headers @param {any} [body]
 */
async function call(method, path, headers, body) {
  const response = await fetch(ORIGIN + path, {
    method,
    // Random addresses keep the demo below the edge limits, which count per address.
    headers: { 'CF-Connecting-IP': `192.0.2.${1 + Math.floor(Math.random() * 250)}`, ...headers },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : null }
}
const JSON_TYPE = { 'Content-Type': 'application/json' }

/** @param {(typeof PEOPLE)[number]} user */
async function register({ username, full_name }) {
  const details = { username, full_name, email: `${username}@example.com`, password: PASSWORD }
  const { status, body } = await call('POST', '/api/users', JSON_TYPE, JSON.stringify(details))
  if (status === 201) return true
  if (status === 409) return false
  throw new Error(`${username} was not registered: ${body?.detail ?? status}`)
}

/** @param {string} login @param {string} device @returns {Promise<string>} an access token */
async function signIn(login, device) {
  const credentials = JSON.stringify({ login, password: PASSWORD })
  const headers = { ...JSON_TYPE, 'User-Agent': device }
  const { status, body } = await call('POST', '/api/session', headers, credentials)
  if (status === 200) return body.access_token
  throw new Error(
    `${login} cannot sign in: ${body?.detail ?? status}. Is there another user of this name?`,
  )
}

/** @param {string} token @param {number} i of PEOPLE */
async function setPicture(token, i) {
  const headers = { 'Content-Type': 'image/png', Authorization: `Bearer ${token}` }
  const picture = drawPortrait(PORTRAITS[i])
  const { status, body } = await call('PUT', '/api/users/me/avatar', headers, picture)
  if (status !== 200) throw new Error(`A picture was not stored: ${body?.detail ?? status}`)
}

/**
 * Makes events and sessions: a failed sign-in, and a sign-in from each device.
 * @param {string} username
 * @returns {Promise<string>} an access token
 */
async function signInEverywhere(username) {
  const wrong = JSON.stringify({ login: username, password: 'not the password' })
  await call('POST', '/api/session', JSON_TYPE, wrong)
  let token = ''
  for (const device of DEVICES) token = await signIn(username, device)
  return token
}

async function main() {
  const isRunning = await fetch(`${ORIGIN}/health`).then(
    ({ ok }) => ok,
    () => false,
  )
  if (!isRunning) {
    console.error(
      `No service at ${ORIGIN}. Start it with npm run dev, then run npm run demo in a second terminal.`,
    )
    return 1
  }
  const isNew = []
  for (const user of PEOPLE) isNew.push(await register(user))
  if (isNew.some(Boolean)) {
    const tokens = []
    for (const { username } of PEOPLE) tokens.push(await signInEverywhere(username))
    for (const [i, token] of tokens.entries()) await setPicture(token, i)
    for (const [i, [title, content]] of POSTS.entries()) {
      const headers = { ...JSON_TYPE, Authorization: `Bearer ${tokens[i % tokens.length]}` }
      await call('POST', '/api/posts', headers, JSON.stringify({ title, content }))
    }
  }
  const grant = [
    process.execPath,
    'scripts/ops/admin.mjs',
    'grant',
    `${ADMIN}@example.com`,
    '--unverified',
  ]
  const granted = await run(grant)
  if (granted.code !== 0) console.error(granted.output)
  console.log(`
${PEOPLE.map(({ username, full_name }) => `  ${username.padEnd(6)} ${full_name}${username === ADMIN ? ', admin' : ''}`).join('\n')}

Sign in at ${ORIGIN}/sign-in with one of these usernames and the password "${PASSWORD}".
`)
  return 0
}

process.exitCode = await main().catch((error) => {
  console.error(error.message)
  return 1
})
