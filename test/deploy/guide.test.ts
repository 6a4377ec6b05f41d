/** Follows docs/deploy.md from an empty account to a rollback: each command prints what it says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FakeCloudflare } from './cloudflare'
import { Project } from './project'

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8')

interface Step {
  heading: string
  command: string
  output: string
}
const steps: Step[] = GUIDE.split(/^## /m).flatMap((section) => {
  const heading = section.slice(0, section.indexOf('\n'))
  return [...section.matchAll(/^```console\n\$ (.+)\n([\s\S]*?)^```$/gm)].map(
    ([, command = '', output = '']) => ({ heading, command, output }),
  )
})

let cloudflare: FakeCloudflare
let project: Project
beforeAll(async () => {
  cloudflare = await new FakeCloudflare().start()
  project = new Project()
})
afterAll(async () => {
  await cloudflare.stop()
  project.remove()
})

/** The state that the reader has before the commands of a section. */
const preparations: Record<string, () => void> = {
  Domain() {
    project.configure('Gatepost <no-reply@example.com>', 'Gatepost <no-reply@mail.example.org>')
    cloudflare.zones.push({ id: 'z1', name: 'example.org', senders: ['mail.example.org'] })
    cloudflare.databases[0]?.sql.exec(
      `insert into users (username, username_key, email, email_key, role, password_hash, created_at) values ('a', 'a', 'a', 'a', 'admin', 'none', 1)`,
    )
    project.configure('# workers_dev = false', 'workers_dev = false')
    project.configure(
      '# routes = [{ pattern = "app.example.com"',
      'routes = [{ pattern = "app.example.org"',
    )
    project.configure('https://gatepost.ann.workers.dev', 'https://app.example.org')
  },
  'Going back'() {
    project.write('src/app.ts', `${project.read('src/app.ts')}\n// a mistake\n`)
    cloudflare.isReady = false
  },
}

/** Without what differs from run to run. */
const told = (output: string) =>
  output
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, '<version>')
    .replaceAll(/--bookmark=[\da-f-]+/g, '--bookmark=<bookmark>')
    .replaceAll(/(checking|ok {3}) https?:\/\/\S+/g, '$1 <origin>')
    .replaceAll(/^… {7}building the web app\n/gm, '') // the copy has pages already
    .replaceAll(/\d+/g, '0')
    .trim()

let section = ''
it.each(steps)('$heading: $command', async ({ heading, command, output }) => {
  if (heading !== section) preparations[heading]?.()
  section = heading
  const [, script = '', options = ''] = /^npm run (\w+)(?: -- (.*))?$/.exec(command) ?? []
  const skip = script === 'deploy' ? ['--skip-build'] : []
  const args = [...skip, ...options.split(' ').filter(Boolean)]
  const run = await project.start(cloudflare, `scripts/ops/${script}.mjs`, args).done
  expect(told(run.output), run.output).toBe(told(output))
})

it('has a command for each part from an empty account to a rollback', () => {
  expect(steps.map(({ heading }) => heading)).toEqual([
    'First deploy',
    'First deploy',
    'Domain',
    'Is it well?',
    'Going back',
  ])
})
