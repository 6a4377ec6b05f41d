// Argon2id with our own kernel: what the service uses. See docs/argon2.md.
import { argon2idOf } from './argon2'
import { blake2bOf } from './blake2b'
import blake2bModule from './blake2b.wasm'
import kernelModule from './kernel.wasm'
import { kernelFill } from './kernel-fill'

export const argon2id = argon2idOf(blake2bOf(blake2bModule), kernelFill(kernelModule))
