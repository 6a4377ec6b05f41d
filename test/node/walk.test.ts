// The commands in `console` blocks print what the pages show. `npx vitest run --project node
// test/node/walk.test.ts -u` writes new output into the pages.
import { expect, it } from 'vitest'
import { renderPage } from './console-page'

it.each(['README.md', 'docs/oauth.md', 'docs/walk.md'])(
  '%s shows what its commands print',
  async (page) => {
    await expect(await renderPage(page)).toMatchFileSnapshot(`../../${page}`)
  },
)
