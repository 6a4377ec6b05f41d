/** GitHub, Microsoft and Apple, each with its deviations from OpenID Connect. */
import { describe, expect, it } from 'vitest'
import { later, restoreClock } from '../support/clock'
import {
  Browser,
  identitiesAt,
  locationOf,
  pageOf,
  registerAt,
  type SignedIn,
  workerOf,
} from '../support/identity-browser'
import { apple, type GithubUser, github, microsoft, TENANT } from '../support/identity-presets'
import { catchOutgoing, someone } from '../support/identity-provider'
import { catchMails } from '../support/mailbox'

catchMails()
catchOutgoing()
restoreClock()

describe('GitHub', () => {
  let ids = 1_000_000
  function octocat(more: Partial<GithubUser> = {}): GithubUser {
    const id = ids++
    const email = `cat${crypto.randomUUID().slice(0, 8)}@people.example`
    const emails = [
      { email: `old-${email}`, primary: false, verified: true },
      { email, primary: true, verified: true },
    ]
    return { id, login: `cat${id}`, name: 'The Cat', email: null, emails, ...more }
  }
  const signIn = async (browser: Browser, stub: ReturnType<typeof github>, user: GithubUser) =>
    pageOf(await browser.callback(stub.authorize(await browser.start('github'), user), 'github'))

  it('identifies a user by id, and takes the primary address that it has verified', async () => {
    const stub = github()
    const browser = new Browser(workerOf([stub]))
    const cat = octocat({ email: 'public@people.example' })
    const location = new URL(await browser.start('github'))
    expect(location.origin + location.pathname).toBe('https://github.com/login/oauth/authorize')
    expect(location.searchParams.get('scope')).toBe('read:user user:email')
    expect(location.searchParams.get('nonce')).toBeNull()
    const page = await signIn(browser, stub, cat)
    expect(page.fragment).toMatchObject({
      email: cat.emails[1]?.email,
      email_verified: 'true',
      name: 'The Cat',
    })
    const { user } = await (await registerAt(browser, page, {}, 'github')).json<SignedIn>()
    // Another user has the former login of this one, and its own id.
    const renamed = await signIn(new Browser(workerOf([stub])), stub, octocat({ login: cat.login }))
    expect(renamed.path).toBe('/welcome')
    const again = await signIn(new Browser(workerOf([stub])), stub, { ...cat, login: 'renamed' })
    expect(again.path).toBe('/')
    const rows = await identitiesAt('https://github.com/login/oauth')
    expect(rows.filter((row) => row.user_id === user.id)).toMatchObject([{ subject: `${cat.id}` }])
  })

  it('proves no address that is unverified, secondary or missing', async () => {
    const stub = github()
    const address = 'cat@people.example'
    for (const [emails, email] of [
      [[{ email: address, primary: true, verified: false }], address],
      [[{ email: address, primary: false, verified: true }], undefined],
      [[], undefined],
    ] as const) {
      const user = octocat({ emails: [...emails] })
      const page = await signIn(new Browser(workerOf([stub])), stub, user)
      expect([page.path, page.fragment.email, page.fragment.email_verified]).toEqual([
        '/welcome',
        email,
        'false',
      ])
    }
  })

  it('→ identity-rejected for a wrong code, which GitHub reports with 200', async () => {
    const stub = github()
    const browser = new Browser(workerOf([stub]))
    const parameters = stub.authorize(await browser.start('github'), octocat())
    const page = pageOf(await browser.callback({ ...parameters, code: 'wrong' }, 'github'))
    expect(page.query.problem).toBe('identity-rejected')
  })

  it('→ identity-rejected for a user whose id is no integer', async () => {
    const stub = github()
    for (const id of [undefined, null, '1', 1.5, Number.NaN]) {
      const browser = new Browser(workerOf([stub]))
      const page = await signIn(browser, stub, { ...octocat(), id: id as number })
      expect(page.query.problem).toBe('identity-rejected')
    }
  })
})

describe('Microsoft', () => {
  const signIn = async (
    stub: Awaited<ReturnType<typeof microsoft>>,
    claims: Record<string, unknown>,
  ) => {
    const browser = new Browser(workerOf([stub]))
    const location = await browser.start('microsoft')
    expect(location).toContain(`https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/authorize?`)
    return pageOf(await browser.callback(stub.authorize(location, claims), 'microsoft'))
  }

  it('proves no address, whatever the token says (nOAuth)', async () => {
    const stub = await microsoft()
    for (const more of [{}, { email_verified: true }, { xms_edov: true }]) {
      const page = await signIn(stub, someone(more))
      expect([page.path, page.fragment.email_verified]).toEqual(['/welcome', 'false'])
    }
  })

  it('→ identity-rejected for a token of another tenant', async () => {
    const stub = await microsoft()
    const other = '11111111-2222-3333-4444-555555555555'
    stub.tamper({ iss: `https://login.microsoftonline.com/${other}/v2.0`, tid: other })
    expect((await signIn(stub, someone())).query.problem).toBe('identity-rejected')
    stub.tamper({ iss: 'https://login.microsoftonline.com/{tenantid}/v2.0' })
    expect((await signIn(stub, someone())).query.problem).toBe('identity-rejected')
  })
})

describe('Apple', () => {
  const CALLBACK = '/api/identity-providers/apple/callback'

  /** The form of a page at apple.com: the browser sends no `Lax` cookie with it. */
  async function post(browser: Browser, form: Record<string, string>) {
    const first = await browser.send('POST', CALLBACK, { form, cookie: undefined })
    expect(first.status).toBe(200)
    const html = await first.text()
    const fields = [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
    const again = Object.fromEntries(
      fields.map(([, name = '', value = '']) => [name, value.replaceAll('&quot;', '"')]),
    )
    return { first, html, again }
  }

  it('signs in through a page that sends the form again, with a secret made for the request', async () => {
    const stub = await apple()
    const browser = new Browser(workerOf([stub]))
    const location = new URL(await browser.start('apple'))
    expect(location.searchParams.get('response_mode')).toBe('form_post')
    const claims = someone({ email_verified: 'true', is_private_email: 'true' })
    const user = '{"name":{"firstName":"Änn","lastName":"O\'Example"},"email":"x@y.example"}'
    const form: Record<string, string> = { ...stub.authorize(location.href, claims), user }
    const { first, html, again } = await post(browser, form)
    const policy = first.headers.get('Content-Security-Policy') ?? ''
    const [, nonce] = /script-src 'nonce-([\w-]{22})'/.exec(policy) ?? []
    expect(policy).toContain("form-action 'self'")
    expect(html).toContain(`<script nonce="${nonce}">`)
    expect(html).toContain('<button>')
    expect(first.headers.getSetCookie()).toEqual([])
    expect(again).toMatchObject({ code: form.code, state: form.state, again: '1' })
    const page = pageOf(await browser.send('POST', CALLBACK, { form: { ...again, user } }))
    expect(page.path).toBe('/welcome')
    expect(page.fragment).toMatchObject({
      email: claims.email,
      email_verified: 'true',
      name: "Änn O'Example",
    })
    await registerAt(browser, page, {}, 'apple')
    later(2000)
    const next = await browser.start('apple')
    const back = await browser.send('POST', CALLBACK, { form: stub.authorize(next, claims) })
    expect(locationOf(back)).toBe('/')
    expect(new Set(stub.presented).size).toBe(2)
  })

  it('escapes every value of the form', async () => {
    const browser = new Browser(workerOf([await apple()]))
    const { html } = await post(browser, {
      code: '"><script>alert(1)</script>',
      state: "'&<",
      other: 'x',
    })
    expect(html).not.toContain('<script>')
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
    expect(html).not.toContain('other')
  })

  it('→ identity-flow-ended without a cookie after the second form, so that there is no loop', async () => {
    const browser = new Browser(workerOf([await apple()]))
    const form = { code: 'a', state: 'b', again: '1' }
    const page = pageOf(await browser.send('POST', CALLBACK, { form }))
    expect(page.query.problem).toBe('identity-flow-ended')
  })

  it('→ identity-refused when the user cancels, which comes without a code', async () => {
    const stub = await apple()
    const browser = new Browser(workerOf([stub]))
    const { searchParams } = new URL(await browser.start('apple'))
    const form = { state: searchParams.get('state') ?? '', error: 'user_cancelled_authorize' }
    const page = pageOf(await browser.send('POST', CALLBACK, { form }))
    expect(page.query.problem).toBe('identity-refused')
  })

  it('ignores a malformed name', async () => {
    const stub = await apple()
    for (const user of ['', 'x', '[]', '{"name":null}', '{"name":{"firstName":"\\u202eA"}}']) {
      const browser = new Browser(workerOf([stub]))
      const form = stub.authorize(await browser.start('apple'), someone())
      const page = pageOf(await browser.send('POST', CALLBACK, { form: { ...form, user } }))
      expect([page.path, page.fragment.name]).toEqual(['/welcome', undefined])
    }
  })
})
