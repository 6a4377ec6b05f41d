// The fill of Argon2id (RFC 9106, 3.2 steps 5 and 6, and 3.4) in AssemblyScript; block.mjs builds
// the compression function G (3.5 and 3.6). docs/argon2.md has a table of the optimizations that
// were tried, with their effect.
//
// A block is 1 KiB: 128 words of 64 bits, or 8 × 8 registers of 16 bytes, as in the RFC. Reading
// order: `fill` walks passes, slices, lanes; `segment` and `run` walk blocks; `rounds` is the
// permutation P, 16 times; `finish` ends a block and begins the next. All addresses stay below 2^27
// (64 MiB of blocks), so 32-bit arithmetic cannot wrap.

/** Where the blocks start: the first page of 64 KiB holds what follows. */
export const BLOCKS: usize = 65536

const R: usize = 1024 // X xor Y, what the rounds of a block start from
const Q: usize = 2048 // after the rounds on rows, transposed
const Z: usize = 3072 // after the rounds on columns, transposed back: G(X, Y) is Z xor R
const INPUT: usize = 4096 // the input of the addresses of a data-independent segment (3.4.1.2)
const ADDRESSES: usize = 5120 // 128 of them
const ZERO: usize = 6144 // a block of zeros
const BLOCK: usize = 1024

let passes: u32, lanes: u32, laneLength: u32, segmentLength: u32
let pass: u32, slice: u32, lane: u32

/**
 * Fills `m` blocks (a multiple of 4 `p`) in `t` passes; the first two blocks of each of the `p`
 * lanes are set. The caller has grown the memory to BLOCKS + m KiB.
 */
export function fill(m: u32, t: u32, p: u32): void {
  passes = t; lanes = p; laneLength = m / p; segmentLength = laneLength / 4
  memory.fill(ZERO, 0, BLOCK)
  for (pass = 0; pass < t; pass++)
    for (slice = 0; slice < 4; slice++)
      for (lane = 0; lane < p; lane++) segment()
}

/** Address of the block `column` of `lane`. */
function at(lane: u32, column: u32): usize { return BLOCKS + <usize>(lane * laneLength + column) * BLOCK }

/**
 * One segment: the part of a lane within a slice. The first half of the first pass does not look at
 * data.
 */
function segment(): void {
  const independent = pass == 0 && slice < 2
  if (independent) {
    memory.fill(INPUT, 0, BLOCK)
    store<u64>(INPUT, pass, 0); store<u64>(INPUT, lane, 8); store<u64>(INPUT, slice, 16)
    store<u64>(INPUT, lanes * laneLength, 24); store<u64>(INPUT, passes, 32); store<u64>(INPUT, 2, 40)
  }
  let index: u32 = pass == 0 && slice == 0 ? 2 : 0
  while (index < segmentLength) {
    let end = segmentLength
    if (independent) {
      nextAddresses()
      end = min(end, (index | 127) + 1)
    }
    run(index, end, independent)
    index = end
  }
}

/** Makes the next 128 addresses (3.4.1.2): G(0, G(0, INPUT)) with the counter one higher. */
function nextAddresses(): void {
  store<u64>(INPUT, load<u64>(INPUT, 48) + 1, 48)
  begin(ZERO, INPUT); rounds(); finish(ADDRESSES, ZERO, true)
  begin(ZERO, ADDRESSES); rounds(); finish(ADDRESSES, ZERO, true)
}

// @ts-ignore: decorator
@inline function address(index: u32): u64 { return load<u64>(ADDRESSES + <usize>(index % 128) * 8) }

/** The blocks of a segment from `index` to before `end`. */
function run(index: u32, end: u32, independent: bool): void {
  const column = slice * segmentLength + index
  const previous = at(lane, column == 0 ? laneLength - 1 : column - 1)
  let out = at(lane, column)
  begin(previous, reference(index, independent ? address(index) : load<u64>(previous)))
  while (index < end) {
    const old = pass == 0 ? ZERO : out
    rounds()
    let y = ZERO
    if (++index < end) {
      // otherwise the first word of the block in hand decides, which is not put together yet
      const word = independent ? address(index) : load<u64>(R) ^ load<u64>(Z) ^ load<u64>(old)
      y = reference(index, word)
    }
    finish(out, y, pass == 0)
    out += BLOCK
  }
}

/**
 * Address of the reference block for block `index` of the segment: J1 and J2 are the halves of
 * `word` (3.4.2).
 */
function reference(index: u32, word: u64): usize {
  const l = lanes == 1 || (pass == 0 && slice == 0) ? lane : <u32>(word >> 32) % lanes
  let area = pass == 0 ? slice * segmentLength : laneLength - segmentLength
  if (l == lane) area += index - 1
  else if (index == 0) area--
  const x = (<u64><u32>word * <u64><u32>word) >> 32
  let column = area - 1 - <u32>((<u64>area * x) >> 32)
  if (pass != 0) column += (slice + 1) * segmentLength
  if (column >= laneLength) column -= laneLength
  return at(l, column)
}

/** R = X xor Y. */
function begin(x: usize, y: usize): void {
  for (let i: usize = 0; i < BLOCK; i += 16) v128.store(i, v128.xor(v128.load(x + i), v128.load(y + i)), R)
}

/** Z = P on the rows of R, then on the columns of the result. */
// @ts-ignore: decorator
@external("block", "rounds") declare function rounds(): void

/**
 * out = R xor Z, which is G(X, Y), XORed over what `out` held unless it is the first pass; then
 * R = out xor y.
 */
// @ts-ignore: decorator
@external("block", "finish") declare function finish(out: usize, y: usize, first: bool): void
