/** examples/python-oauth, with the libraries that Python programs use for OAuth. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ORIGIN, run } from './app.ts'

const PASSWORD = 'correct horse battery staple'
const INSTALL = `Python's requests-oauthlib and authlib are missing. Install them:
apt-get install python3-requests-oauthlib python3-authlib, or pip install requests-oauthlib authlib`

/** The Python that has both libraries: Debian's packages belong to Debian's own. */
async function findPython(): Promise<string> {
  for (const python of [process.env.PYTHON ?? 'python3', '/usr/bin/python3']) {
    const probe = run('.', python, ['-c', 'import requests_oauthlib, authlib'])
    if (
      await probe.then(
        () => true,
        () => false,
      )
    )
      return python
  }
  throw new Error(INSTALL)
}

let python: string
let login: string
before(async () => {
  python = await findPython()
  login = `py${process.pid}`
  const person = { username: login, email: `${login}@example.com`, password: PASSWORD }
  const response = await fetch(`${ORIGIN}/api/users`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(person),
  })
  assert.equal(response.status, 201)
})

for (const name of ['with_requests_oauthlib', 'with_authlib']) {
  test(`examples/python-oauth/${name}.py: signs in, refreshes, posts, signs out`, async () => {
    const env = { GATEPOST_ORIGIN: ORIGIN, GATEPOST_LOGIN: login, GATEPOST_PASSWORD: PASSWORD }
    const output = await run('examples/python-oauth', python, [`${name}.py`], env)
    assert.deepEqual(output.trim().split('\n'), [
      `signed in as ${login}`,
      'refreshed',
      'posted From Python',
      'after signing out: 401',
    ])
  })
}
