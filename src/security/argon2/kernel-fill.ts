// The fill by our own kernel (kernel/kernel.ts) on one instance that is kept: fresh memory costs
// more than half a hash, and an isolate of 128 MB must not collect it.
import type { Fill } from './argon2'

interface Exports {
  memory: WebAssembly.Memory
  BLOCKS: WebAssembly.Global
  fill(m: number, t: number, p: number): void
}

const BLOCK = 1024
const PAGE = 65_536

/** A fill over the compiled kernel. The memory grows to the largest m asked for, and stays. */
export function kernelFill(module: WebAssembly.Module): Fill {
  let x: Exports | undefined

  return ({ m, t, p }, first) => {
    x ??= new WebAssembly.Instance(module).exports as unknown as Exports
    const start: number = x.BLOCKS.value
    const laneLength = Math.floor(m / (4 * p)) * 4 // q; m′ of RFC 9106 is p times that
    const size = p * laneLength * BLOCK
    const missing = Math.ceil((start + size - x.memory.buffer.byteLength) / PAGE)
    if (missing > 0) x.memory.grow(missing)

    const memory = new Uint8Array(x.memory.buffer, start, size)
    try {
      for (let lane = 0; lane < p; lane++) {
        memory.set(first(lane, 0), lane * laneLength * BLOCK)
        memory.set(first(lane, 1), (lane * laneLength + 1) * BLOCK)
      }
      x.fill(p * laneLength, t, p)
      const c = memory.slice((laneLength - 1) * BLOCK, laneLength * BLOCK)
      for (let lane = 1; lane < p; lane++) {
        const last = (lane + 1) * laneLength * BLOCK - BLOCK
        for (let i = 0; i < BLOCK; i++) c[i]! ^= memory[last + i]!
      }
      return c
    } finally {
      new Uint8Array(x.memory.buffer, 0, start + size).fill(0)
    }
  }
}
