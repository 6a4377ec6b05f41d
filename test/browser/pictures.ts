/** Makes the pictures of the README: `npm run test:browser -- --pictures`. */
import { test } from 'node:test'
import { launch, visitor } from './browser.ts'
import { person, write } from './people.ts'
import { menu, signIn } from './steps.ts'

const POSTS: [name: string, title: string, content: string][] = [
  [
    'Sam Okafor',
    'A bread that fails well',
    'The oven was cold, the flour was old, and it still came out as bread. Here is what I would keep, and what I would not.',
  ],
  [
    'Ann Example',
    'Why I keep a paper notebook',
    'It never asks me to sign in. It has no battery. And when I lose it, no one can read my handwriting.',
  ],
  [
    'Jonas Weiß',
    'Notes from a small workshop',
    'Three benches, one vice, and a clock that is always right because no one trusts it. On tools that outlive their owners, and why the cheapest plane in the drawer is the one that gets used.',
  ],
  [
    'Noor Haddad',
    'One trip to the database',
    'Every request used to begin with the same question: who are you? We asked it in one trip, and asked for the answer in another.\n\nThe two can travel together. A single batch finds the session, refuses it if it has ended, and reads what was asked for. What we measured afterwards surprised us: the pages were not twice as fast, they were three times as fast, because the second trip had always waited for the slowest first one.\n\nThere is a price. The guard is now part of every query, and a query that forgets it is a hole. So the guard is not something that a route can forget: it is the function that runs the batch.',
  ],
]

test('the pictures', async (t) => {
  const browser = await launch()
  t.after(() => browser.close())
  for (const [name, title, content] of POSTS) {
    const username = name.split(' ')[0]!.toLowerCase()
    const author = await person(username, name)
    await write(author, title, content)
  }
  const size = { width: 900, height: 640 }
  const reader = await visitor(browser, { viewport: size })
  const feed = await reader.tab()
  await feed.goto('/')
  await feed.locator('.card h2').first().waitFor()
  await feed.screenshot({ path: 'docs/feed.png' })
  await reader.close()

  const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/605'
  const elsewhere = await visitor(browser, { userAgent })
  const there = await elsewhere.tab()
  await signIn(there, 'ann')
  await menu(there).waitFor()
  const owner = await visitor(browser, { viewport: size, colorScheme: 'dark' })
  const account = await owner.tab()
  await signIn(account, 'ann')
  await menu(account).waitFor()
  await account.goto('/account/sessions')
  await account.getByText('This device', { exact: true }).waitFor()
  await account.screenshot({ path: 'docs/sessions.png' })
  await owner.close()
  await elsewhere.close()
})
