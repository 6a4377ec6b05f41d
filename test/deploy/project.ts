/** A copy of this project in a folder of its own, whose scripts talk to a FakeCloudflare. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FakeCloudflare } from './cloudflare'

const ROOT = join(import.meta.dirname, '../..')
const COPIED = [
  'src',
  'scripts',
  'migrations',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'wrangler.toml',
]

export interface Result {
  code: number
  output: string
}

export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'gatepost-test-deploy-'))
  /** Everything that the scripts write outside the project lands here. */
  readonly home = join(this.folder, 'home')
  readonly root = join(this.folder, 'project')
  env: Record<string, string> = { CLOUDFLARE_API_TOKEN: 'a-token-of-the-test' }

  constructor() {
    mkdirSync(join(this.home, 'tmp'), { recursive: true })
    for (const path of COPIED) cpSync(join(ROOT, path), join(this.root, path), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'))
    this.write('dist/web/index.html', '<!doctype html><html lang="en">')
    this.write('dist/web/_headers', '')
  }

  write(path: string, text: string) {
    mkdirSync(join(this.root, path, '..'), { recursive: true })
    writeFileSync(join(this.root, path), text)
  }
  read = (path: string) => readFileSync(join(this.root, path), 'utf8')
  /** Replaces text of wrangler.toml, which must be there. */
  configure(from: string, to: string) {
    const text = this.read('wrangler.toml')
    if (!text.includes(from)) throw new Error(`wrangler.toml has no ${from}`)
    this.write('wrangler.toml', text.replace(from, to))
  }

  /** Starts a script of the project, with none of this machine's Cloudflare settings. */
  start(
    cloudflare: FakeCloudflare,
    script: string,
    args: string[] = [],
  ): { child: ChildProcess; done: Promise<Result> } {
    const env: Record<string, string> = {
      PATH: process.env.PATH ?? '',
      HOME: this.home,
      XDG_CONFIG_HOME: this.home,
      TMPDIR: join(this.home, 'tmp'),
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_API_BASE_URL: `${cloudflare.origin}/client/v4`,
      GATEPOST_SMOKE_ORIGIN: cloudflare.origin,
      ...this.env,
    }
    const child = spawn(process.execPath, [join(this.root, script), ...args], {
      cwd: this.root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: env as NodeJS.ProcessEnv,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    const done = new Promise<Result>((resolve) => {
      child.on('close', (code) => resolve({ code: code ?? -1, output }))
    })
    return { child, done }
  }

  deploy = (cloudflare: FakeCloudflare, ...args: string[]) =>
    this.start(cloudflare, 'scripts/ops/deploy.mjs', ['--skip-build', ...args]).done

  /** The files outside node_modules that hold the text. */
  filesWith(text: string): string[] {
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true })
    return files
      .filter((file) => file.isFile() && !file.parentPath.includes('node_modules'))
      .map((file) => join(file.parentPath, file.name))
      .filter((path) => readFileSync(path, 'utf8').includes(text))
  }
  remove() {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
