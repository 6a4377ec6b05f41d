// BLAKE2b (RFC 7693) from hash-wasm's module, driven synchronously on one kept instance.

/** BLAKE2b of the concatenated parts, without a key; `length` of the digest in bytes, 1 to 64. */
export type Blake2b = (length: number, ...parts: Uint8Array[]) => Uint8Array

interface Exports {
  memory: WebAssembly.Memory
  Hash_GetBuffer(): number
  Hash_Init(bits: number): void
  Hash_Update(length: number): void
  Hash_Final(): void
}

const BUFFER = 16_384

/** BLAKE2b over hash-wasm's compiled module; the instance is made at the first call. */
export function blake2bOf(module: WebAssembly.Module): Blake2b {
  let x: Exports | undefined
  let buffer: Uint8Array | undefined
  return (length, ...parts) => {
    x ??= new WebAssembly.Instance(module).exports as unknown as Exports
    // The module never grows its memory, so the view stays valid.
    buffer ??= new Uint8Array(x.memory.buffer, x.Hash_GetBuffer(), BUFFER)
    let written = 0
    x.Hash_Init(length * 8)
    for (const part of parts) {
      for (let i = 0; i < part.length; i += BUFFER) {
        const chunk = part.length <= BUFFER ? part : part.subarray(i, i + BUFFER)
        buffer.set(chunk)
        x.Hash_Update(chunk.length)
        written = Math.max(written, chunk.length)
      }
    }
    x.Hash_Final()
    const digest = buffer.slice(0, length)
    buffer.fill(0, 0, Math.max(written, digest.length)) // it held the password
    return digest
  }
}
