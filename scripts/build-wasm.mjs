// Puts the Argon2 WebAssembly modules beside the code that imports them; runs after every install.
// Workers may not compile WebAssembly at run time, so what hash-wasm carries inside its JavaScript
// is taken out here, once, and compared with the checksums of the pinned release.
// Runs on the host's own Node (20 or newer), before the project's Node is in the path.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { argon2id } from 'hash-wasm'

const folder = new URL('../src/security/argon2/', import.meta.url)

/** SHA-256 of the modules in hash-wasm 4.13.0, and the files they become. Change only with the pin. */
const hashWasm = {
  '7a25eff94eb7bc559acb7305d8352ed24470670a9ae653d79d86f92f8a395c3d': 'hash-wasm-argon2.wasm',
  '2aa7f33c4ece502997304672bc8defa348a7a30ef9a191e8648d317830e50afd': 'blake2b.wasm',
}

/** What hash-wasm compiles while it makes one tiny hash. */
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

const found = new Map(
  (await modulesOfHashWasm()).map((bytes) => [
    createHash('sha256').update(bytes).digest('hex'),
    bytes,
  ]),
)
mkdirSync(folder, { recursive: true })
for (const [sum, name] of Object.entries(hashWasm)) {
  const bytes = found.get(sum)
  if (!bytes) {
    console.error(
      `hash-wasm does not carry the module ${name} (SHA-256 ${sum}): is it still the pinned 4.13.0?`,
    )
    process.exit(1)
  }
  writeFileSync(fileURLToPath(new URL(name, folder)), bytes)
}
