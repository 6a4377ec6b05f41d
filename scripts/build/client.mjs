// `npm run build:client`: builds the package that apps install into dist/client, and packs it into
// dist/gatepost-client.tgz.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { command, must } from '../tools.mjs'

const source = 'src/client'
const folder = 'dist/client'
const tarball = 'dist/gatepost-client.tgz'
/** One file each; the first is the package itself, the others are its subpaths. */
const entries = ['index', 'react', 'vue', 'svelte']

const project = JSON.parse(readFileSync('package.json', 'utf8'))

function manifest() {
  const paths = entries.map((name) => {
    const path = name === 'index' ? '.' : `./${name}`
    return [path, { types: `./${name}.d.ts`, default: `./${name}.js` }]
  })
  return {
    name: 'gatepost-client',
    version: project.version,
    description: 'Sign-in, session and typed requests of Gatepost for single-page apps',
    license: project.license,
    type: 'module',
    sideEffects: false,
    types: './index.d.ts',
    exports: { ...Object.fromEntries(paths), './package.json': './package.json' },
    peerDependencies: { react: '>=18', vue: '>=3.3' },
    peerDependenciesMeta: { react: { optional: true }, vue: { optional: true } },
  }
}

const bundle = () =>
  build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      target: 'es2022',
      outDir: folder,
      minify: false, // an app's own build minifies; this way its stack traces can be read
      lib: {
        entry: Object.fromEntries(entries.map((name) => [name, join(source, `${name}.ts`)])),
        formats: ['es'],
      },
      rolldownOptions: { external: ['react', 'vue'] },
    },
  })

/** Type declarations with the file names that Node's module resolution asks for. */
async function declare() {
  const made = mkdtempSync(join(tmpdir(), 'gatepost-client-'))
  const options = {
    '--rootDir': source,
    '--outDir': made,
    '--noEmit': 'false',
    '--declaration': 'true',
    '--emitDeclarationOnly': 'true',
  }
  const words = Object.entries(options).flat()
  try {
    const line = command('tsc', ['--project', 'tsconfig.client.json', ...words])
    await must('Declaring the types of the client', line)
    for (const name of readdirSync(made)) {
      const text = readFileSync(join(made, name), 'utf8')
      writeFileSync(
        join(folder, name),
        text.replaceAll(/((?:from |import\()['"]\.\/[\w-]+)/g, '$1.js'),
      )
    }
  } finally {
    rmSync(made, { recursive: true })
  }
}

/** Builds and packs the client. Its types follow the routes: src/client/api.ts is written first. */
async function buildClient() {
  await must('Types of the client', [process.execPath, 'scripts/build/client-types.mjs'])
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await bundle()
  await declare()
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)
  copyFileSync(join(source, 'README.md'), join(folder, 'README.md'))
  copyFileSync('LICENSE', join(folder, 'LICENSE'))
  await pack()
}

/** Packs the folder as `npm publish` would, under a name without the version. */
async function pack() {
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const made = mkdtempSync(join(tmpdir(), 'gatepost-client-'))
  try {
    await must('npm pack', [...npm, 'pack', `./${folder}`, '--pack-destination', made])
    const [name] = readdirSync(made)
    copyFileSync(join(made, name), tarball)
  } finally {
    rmSync(made, { recursive: true })
  }
}

await buildClient()
console.log(`Built ${folder} and ${tarball}. In your app: npm install ${resolve(tarball)}`)
