/** The React component of README.md compiles with the client of this version. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { command, run } from '../../scripts/tools.mjs'

const CONFIG = {
  extends: '../../tsconfig.client.json',
  compilerOptions: {
    jsx: 'react-jsx',
    jsxImportSource: 'react',
    paths: {
      'gatepost-client': ['../../src/client/index.ts'],
      'gatepost-client/react': ['../../src/client/react.ts'],
    },
  },
  include: ['app.tsx'],
}

it('README.md: the React component compiles', async () => {
  const [, source = ''] = /^```tsx\n([\s\S]*?)^```$/m.exec(readFileSync('README.md', 'utf8')) ?? []
  expect(source).toContain("from 'gatepost-client'")
  const folder = mkdtempSync(resolve('dist/readme-'))
  try {
    writeFileSync(join(folder, 'app.tsx'), source)
    const tsconfig = join(folder, 'tsconfig.json')
    writeFileSync(tsconfig, JSON.stringify(CONFIG))
    const { code, output } = await run(command('tsc', ['--project', tsconfig]))
    expect(output).toBe('')
    expect(code).toBe(0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
