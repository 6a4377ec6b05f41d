/**
 * Before the tests: a real server that speaks as Have I Been Pwned's range API does, for the check
 * inside workerd. It knows one password.
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'

const BREACHED = 'a password of many breaches'

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * Its address, to which the prefix is appended (`moved/` in the place of `range/` answers with
     * a redirect), and the password.
     */
    rangeApi: { url: string; breached: string }
  }
}

// biome-ignore lint/style/noDefaultExport: vitest asks for it
export default async function serve(project: TestProject) {
  const hash = createHash('sha1').update(BREACHED).digest('hex').toUpperCase()
  const server = createServer((request, response) => {
    const [, folder, prefix] = (request.url ?? '').split('/')
    if (folder === 'moved') response.writeHead(302, { Location: `/range/${prefix}` })
    else if (prefix === hash.slice(0, 5)) response.write(`${hash.slice(5)}:3\r\n`)
    response.end(`${'0'.repeat(35)}:0\r\n`)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  project.provide('rangeApi', { url: `http://127.0.0.1:${port}/range/`, breached: BREACHED })
  return () => server.close()
}
