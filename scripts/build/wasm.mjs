// Puts the Argon2 WebAssembly modules beside the code that imports them; runs after every install.
// The fill of the memory is ours: kernel.ts, compiled from AssemblyScript, with the two functions
// that block.mjs builds. Workers may not compile WebAssembly at run time, so what hash-wasm carries
// inside its JavaScript (BLAKE2b, and its Argon2 for the tests) is taken out here, once, and
// compared with the checksums of the pinned release. Runs on the host's own Node (20 or newer),
// before the project's Node is in the path.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import asc from 'assemblyscript/asc'
import binaryen from 'assemblyscript/binaryen'
import { argon2id } from 'hash-wasm'
import { defineBlockFunctions } from '../../src/security/argon2/kernel/block.mjs'

const source = new URL('../../src/security/argon2/', import.meta.url)
// another folder may be named, to compare what two builds give
const target = process.argv[2] ? pathToFileURL(`${process.argv[2]}/`) : source

/**
 * SHA-256 of the modules in hash-wasm 4.13.0, and the files they become. Change only with the pin.
 */
const hashWasm = {
  '7a25eff94eb7bc559acb7305d8352ed24470670a9ae653d79d86f92f8a395c3d': 'hash-wasm-argon2.wasm',
  '2aa7f33c4ece502997304672bc8defa348a7a30ef9a191e8648d317830e50afd': 'blake2b.wasm',
}

function readTextOrNull(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null // asc asks for the same name in several places
  }
}

/** The modules that hash-wasm compiles while it computes one small hash. */
async function modulesOfHashWasm() {
  const seen = []
  const compile = WebAssembly.compile
  WebAssembly.compile = (bytes) => {
    seen.push(Buffer.from(bytes))
    return compile(bytes)
  }
  try {
    await argon2id({
      password: 'x',
      salt: 'saltsalt',
      iterations: 1,
      memorySize: 8,
      parallelism: 1,
      hashLength: 32,
    })
  } finally {
    WebAssembly.compile = compile
  }
  return seen
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

const found = new Map(
  (await modulesOfHashWasm()).map((bytes) => [
    createHash('sha256').update(bytes).digest('hex'),
    bytes,
  ]),
)
for (const [sum, name] of Object.entries(hashWasm)) {
  const bytes = found.get(sum)
  if (!bytes) fail(`hash-wasm has no ${name} (SHA-256 ${sum}): is it still the pinned 4.13.0?`)
  writeFileSync(new URL(name, target), bytes)
}

let compiled
const { error, stderr } = await asc.main(
  [
    'kernel/kernel.ts',
    ...['--outFile', 'kernel.wasm'],
    ...['-O3', '--runtime', 'stub', '--enable', 'simd'],
    ...['--noAssert', '--uncheckedBehavior', 'always'],
    // V8 then needs no check for constant addresses, and half of one for the others.
    ...['--initialMemory', '1'],
  ],
  {
    readFile: (name) => readTextOrNull(new URL(name, source)),
    writeFile: (_name, contents) => {
      compiled = contents
    },
    listFiles: () => [],
  },
)
if (error) fail(`the Argon2 kernel does not compile: ${error.message}\n${stderr}`)

const kernel = binaryen.readBinary(compiled)
// The runtime must have these. The optimizer of Binaryen does not run: it reorders instructions.
const { MutableGlobals, BulkMemory, BulkMemoryOpt, SIMD128 } = binaryen.Features
kernel.setFeatures(MutableGlobals | BulkMemory | BulkMemoryOpt | SIMD128)
defineBlockFunctions(kernel)
if (!kernel.validate()) fail('the Argon2 kernel is not valid WebAssembly')
writeFileSync(new URL('kernel.wasm', target), kernel.emitBinary())
