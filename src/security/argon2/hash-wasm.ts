// Argon2id with hash-wasm's own fill: what to go back to, see docs/argon2.md.
import { argon2idOf } from './argon2'
import { blake2bOf } from './blake2b'
import blake2bModule from './blake2b.wasm'
import argon2Module from './hash-wasm-argon2.wasm'
import { hashWasmFill } from './hash-wasm-fill'

export const argon2id = argon2idOf(blake2bOf(blake2bModule), hashWasmFill(argon2Module))
