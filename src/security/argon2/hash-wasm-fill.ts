// The fill by hash-wasm's Argon2 module, on one instance that is kept: a new one a hash would touch
// 19 MiB of fresh memory each time, which takes longer and is not given back.
import type { Fill } from './argon2'

interface Exports {
  memory: WebAssembly.Memory
  Hash_GetBuffer(): number
  Hash_SetMemorySize(bytes: number): number
  Hash_Calculate(length: number, m: number): void
}

const BLOCK = 1024
const VERSION = 0x13
const TYPE_ID = 2

/** A fill over hash-wasm's compiled Argon2 module. The memory grows to the largest m asked for. */
export function hashWasmFill(module: WebAssembly.Module): Fill {
  let x: Exports | undefined
  // The size that Hash_GetBuffer takes. Its C code underflows for a smaller one.
  let size = 512 * 1024

  return ({ m, t, p }, first) => {
    x ??= new WebAssembly.Instance(module).exports as unknown as Exports
    const start = x.Hash_GetBuffer()
    const need = m * BLOCK + BLOCK // the parameters lie behind the blocks
    if (need > size) {
      if (x.Hash_SetMemorySize(need) !== 0) throw new RangeError('argon2id: out of memory')
      size = need
    }
    const memory = new Uint8Array(x.memory.buffer, start, need)
    try {
      const laneLength = Math.floor(m / (4 * p)) * 4
      for (let lane = 0; lane < p; lane++) {
        memory.set(first(lane, 0), lane * laneLength * BLOCK)
        memory.set(first(lane, 1), (lane * laneLength + 1) * BLOCK)
      }
      const view = new DataView(x.memory.buffer, start + m * BLOCK)
      // its tag length matters only to H′, which is ours
      for (const [i, n] of [p, 32, m, t, VERSION, TYPE_ID].entries()) view.setInt32(i * 4, n, true)
      x.Hash_Calculate(0, m)
      return memory.slice(0, BLOCK)
    } finally {
      memory.fill(0) // it XORs into what it finds, also in the first pass
    }
  }
}
