// A Worker that does nothing but hash, so that workerd can be timed from outside: /own?n=5,
// /hash-wasm?n=5.
import { argon2id as hashWasm } from '../../src/security/argon2/hash-wasm'
import { argon2id as own } from '../../src/security/argon2/own-kernel'

const password = new TextEncoder().encode('correct horse battery staple')

// biome-ignore lint/style/noDefaultExport: what a Worker is
export default {
  fetch(request) {
    const url = new URL(request.url)
    const argon2id = url.pathname === '/own' ? own : hashWasm
    const salt = crypto.getRandomValues(new Uint8Array(16))
    for (let n = Number(url.searchParams.get('n')); n > 0; n--) {
      argon2id({ password, salt, m: 19_456, t: 2, p: 1, tagLength: 32 })
    }
    return new Response(null, { status: 204 })
  },
}
