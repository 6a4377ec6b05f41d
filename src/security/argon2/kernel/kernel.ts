// The fill of Argon2id (RFC 9106, 3.2 steps 5 and 6, and 3.4 to 3.6) in AssemblyScript.
// docs/argon2.md has a table of the optimizations that were tried, with their effect.
//
// A block is 1 KiB: 128 words of 64 bits, or 8 × 8 registers of 16 bytes, as in the RFC. Reading
// order: `fill` walks passes, slices, lanes; `segment` walks blocks; `rounds` is the permutation P,
// 16 times. All addresses stay below 2^27 (64 MiB of blocks), so 32-bit arithmetic cannot wrap.

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
  begin(ZERO, INPUT); rounds(); finish(ADDRESSES, ZERO)
  begin(ZERO, ADDRESSES); rounds(); finish(ADDRESSES, ZERO)
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
    finish(out, y)
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

/**
 * Ends a block and begins the next: out = G(X, Y), from the second pass on XORed over what `out`
 * held; then R = out xor y. Two loops, since workerd checks the bounds of every access.
 */
function finish(out: usize, y: usize): void {
  let o: v128
  if (pass == 0)
    for (let i: usize = 0; i < BLOCK; i += 64) {
      o = v128.xor(v128.load(i, R), v128.load(i, Z))
      v128.store(out, o); v128.store(i, v128.xor(o, v128.load(y)), R)
      o = v128.xor(v128.load(i, R + 16), v128.load(i, Z + 16))
      v128.store(out, o, 16); v128.store(i, v128.xor(o, v128.load(y, 16)), R + 16)
      o = v128.xor(v128.load(i, R + 32), v128.load(i, Z + 32))
      v128.store(out, o, 32); v128.store(i, v128.xor(o, v128.load(y, 32)), R + 32)
      o = v128.xor(v128.load(i, R + 48), v128.load(i, Z + 48))
      v128.store(out, o, 48); v128.store(i, v128.xor(o, v128.load(y, 48)), R + 48)
      out += 64; y += 64
    }
  else
    for (let i: usize = 0; i < BLOCK; i += 64) {
      o = v128.xor(v128.load(out), v128.xor(v128.load(i, R), v128.load(i, Z)))
      v128.store(out, o); v128.store(i, v128.xor(o, v128.load(y)), R)
      o = v128.xor(v128.load(out, 16), v128.xor(v128.load(i, R + 16), v128.load(i, Z + 16)))
      v128.store(out, o, 16); v128.store(i, v128.xor(o, v128.load(y, 16)), R + 16)
      o = v128.xor(v128.load(out, 32), v128.xor(v128.load(i, R + 32), v128.load(i, Z + 32)))
      v128.store(out, o, 32); v128.store(i, v128.xor(o, v128.load(y, 32)), R + 32)
      o = v128.xor(v128.load(out, 48), v128.xor(v128.load(i, R + 48), v128.load(i, Z + 48)))
      v128.store(out, o, 48); v128.store(i, v128.xor(o, v128.load(y, 48)), R + 48)
      out += 64; y += 64
    }
}

/**
 * The permutation of G: P on the 8 rows of R into Q, then on the 8 columns into Z, two at a time.
 */
function rounds(): void {
  let from = R, to = Q
  while (from < Z) {
    twoRounds(from, to)
    from += 256
    to += 32
    if (to == Q + 128) to = Z
  }
}

/** The multiplying addition of P (3.6): a + b + 2 × the product of their lower halves. */
// @ts-expect-error: decorator
@inline function f(a: u64, b: u64): u64 { return a + b + 2 * (<u64><u32>a * <u64><u32>b) }

/**
 * Its parts for vectors of two words: lower halves of four words; and the sum, the product given.
 */
// @ts-expect-error: decorator
@inline function lower(x: v128, y: v128): v128 { return v128.shuffle<i32>(x, y, 0, 2, 4, 6) }
// @ts-expect-error: decorator
@inline function sum(a: v128, b: v128, ab: v128): v128 { return i64x2.add(i64x2.add(a, b), i64x2.add(ab, ab)) }

// @ts-expect-error: decorator
@inline function rotr32(x: v128): v128 { return v128.shuffle<i32>(x, x, 1, 0, 3, 2) }
// @ts-expect-error: decorator
@inline function rotr24(x: v128): v128 { return v128.or(i64x2.shr_u(x, 24), i64x2.shl(x, 40)) }
// @ts-expect-error: decorator
@inline function rotr16(x: v128): v128 { return v128.shuffle<i16>(x, x, 1, 2, 3, 0, 5, 6, 7, 4) }
// @ts-expect-error: decorator
@inline function rotr63(x: v128): v128 { return v128.or(i64x2.add(x, x), i64x2.shr_u(x, 63)) }

/** The second word of x and the first of y. */
// @ts-expect-error: decorator
@inline function across(x: v128, y: v128): v128 { return v128.shuffle<i64>(x, y, 1, 2) }

/**
 * P on two rows of 128 bytes at `from`, which become the two columns of 16 bytes at `to`. The first
 * row is done in scalars a0…d3, the second in vectors A0…D1 of two words each, and their lines take
 * turns: each row alone waits for itself; together they keep all units of the processor busy, and
 * fit its two register files. V8 keeps the order of the lines, so it matters: shifting one row by
 * four lines costs 5 %, by eight 15 %. Between the halves of P the diagonals become columns: A, C
 * and D turn, B stays; then they turn back.
 */
// @ts-expect-error: decorator
@inline function twoRounds(from: usize, to: usize): void {
  let p: v128, q: v128
  let a0 = load<u64>(from, 0), a1 = load<u64>(from, 8), a2 = load<u64>(from, 16), a3 = load<u64>(from, 24)
      let A0 = v128.load(from, 128), A1 = v128.load(from, 144)
  let b0 = load<u64>(from, 32), b1 = load<u64>(from, 40), b2 = load<u64>(from, 48), b3 = load<u64>(from, 56)
      let B0 = v128.load(from, 160), B1 = v128.load(from, 176)
  let c0 = load<u64>(from, 64), c1 = load<u64>(from, 72), c2 = load<u64>(from, 80), c3 = load<u64>(from, 88)
      let C0 = v128.load(from, 192), C1 = v128.load(from, 208)
  let d0 = load<u64>(from, 96), d1 = load<u64>(from, 104), d2 = load<u64>(from, 112), d3 = load<u64>(from, 120)
      let D0 = v128.load(from, 224), D1 = v128.load(from, 240)
  a0 = f(a0, b0); d0 = rotr<u64>(d0 ^ a0, 32); a1 = f(a1, b1); d1 = rotr<u64>(d1 ^ a1, 32)
  c0 = f(c0, d0); b0 = rotr<u64>(b0 ^ c0, 24); c1 = f(c1, d1); b1 = rotr<u64>(b1 ^ c1, 24)
      p = lower(A0, A1); q = lower(B0, B1)
      A0 = sum(A0, B0, i64x2.extmul_low_i32x4_u(p, q)); A1 = sum(A1, B1, i64x2.extmul_high_i32x4_u(p, q))
  a0 = f(a0, b0); d0 = rotr<u64>(d0 ^ a0, 16); a1 = f(a1, b1); d1 = rotr<u64>(d1 ^ a1, 16)
      D0 = rotr32(v128.xor(D0, A0)); D1 = rotr32(v128.xor(D1, A1))
  c0 = f(c0, d0); b0 = rotr<u64>(b0 ^ c0, 63); c1 = f(c1, d1); b1 = rotr<u64>(b1 ^ c1, 63)
      p = lower(C0, C1); q = lower(D0, D1)
      C0 = sum(C0, D0, i64x2.extmul_low_i32x4_u(p, q)); C1 = sum(C1, D1, i64x2.extmul_high_i32x4_u(p, q))
  a2 = f(a2, b2); d2 = rotr<u64>(d2 ^ a2, 32); a3 = f(a3, b3); d3 = rotr<u64>(d3 ^ a3, 32)
      B0 = rotr24(v128.xor(B0, C0)); B1 = rotr24(v128.xor(B1, C1))
  c2 = f(c2, d2); b2 = rotr<u64>(b2 ^ c2, 24); c3 = f(c3, d3); b3 = rotr<u64>(b3 ^ c3, 24)
      p = lower(A0, A1); q = lower(B0, B1)
      A0 = sum(A0, B0, i64x2.extmul_low_i32x4_u(p, q)); A1 = sum(A1, B1, i64x2.extmul_high_i32x4_u(p, q))
  a2 = f(a2, b2); d2 = rotr<u64>(d2 ^ a2, 16); a3 = f(a3, b3); d3 = rotr<u64>(d3 ^ a3, 16)
      D0 = rotr16(v128.xor(D0, A0)); D1 = rotr16(v128.xor(D1, A1))
  c2 = f(c2, d2); b2 = rotr<u64>(b2 ^ c2, 63); c3 = f(c3, d3); b3 = rotr<u64>(b3 ^ c3, 63)
      p = lower(C0, C1); q = lower(D0, D1)
      C0 = sum(C0, D0, i64x2.extmul_low_i32x4_u(p, q)); C1 = sum(C1, D1, i64x2.extmul_high_i32x4_u(p, q))
  a0 = f(a0, b1); d3 = rotr<u64>(d3 ^ a0, 32); a1 = f(a1, b2); d0 = rotr<u64>(d0 ^ a1, 32)
      B0 = rotr63(v128.xor(B0, C0)); B1 = rotr63(v128.xor(B1, C1))
  c2 = f(c2, d3); b1 = rotr<u64>(b1 ^ c2, 24); c3 = f(c3, d0); b2 = rotr<u64>(b2 ^ c3, 24)
      // its columns of 4 × 4 words become diagonals
      p = across(A1, A0); A1 = across(A0, A1); A0 = p
      p = across(C0, C1); C1 = across(C1, C0); C0 = p
      p = D0; D0 = D1; D1 = p
  a0 = f(a0, b1); d3 = rotr<u64>(d3 ^ a0, 16); a1 = f(a1, b2); d0 = rotr<u64>(d0 ^ a1, 16)
      p = lower(A0, A1); q = lower(B0, B1)
      A0 = sum(A0, B0, i64x2.extmul_low_i32x4_u(p, q)); A1 = sum(A1, B1, i64x2.extmul_high_i32x4_u(p, q))
  c2 = f(c2, d3); b1 = rotr<u64>(b1 ^ c2, 63); c3 = f(c3, d0); b2 = rotr<u64>(b2 ^ c3, 63)
      D0 = rotr32(v128.xor(D0, A0)); D1 = rotr32(v128.xor(D1, A1))
  a2 = f(a2, b3); d1 = rotr<u64>(d1 ^ a2, 32); a3 = f(a3, b0); d2 = rotr<u64>(d2 ^ a3, 32)
      p = lower(C0, C1); q = lower(D0, D1)
      C0 = sum(C0, D0, i64x2.extmul_low_i32x4_u(p, q)); C1 = sum(C1, D1, i64x2.extmul_high_i32x4_u(p, q))
  c0 = f(c0, d1); b3 = rotr<u64>(b3 ^ c0, 24); c1 = f(c1, d2); b0 = rotr<u64>(b0 ^ c1, 24)
      B0 = rotr24(v128.xor(B0, C0)); B1 = rotr24(v128.xor(B1, C1))
  a2 = f(a2, b3); d1 = rotr<u64>(d1 ^ a2, 16); a3 = f(a3, b0); d2 = rotr<u64>(d2 ^ a3, 16)
      p = lower(A0, A1); q = lower(B0, B1)
      A0 = sum(A0, B0, i64x2.extmul_low_i32x4_u(p, q)); A1 = sum(A1, B1, i64x2.extmul_high_i32x4_u(p, q))
  c0 = f(c0, d1); b3 = rotr<u64>(b3 ^ c0, 63); c1 = f(c1, d2); b0 = rotr<u64>(b0 ^ c1, 63)
      D0 = rotr16(v128.xor(D0, A0)); D1 = rotr16(v128.xor(D1, A1))
  store<u64>(to, a0, 0)
      p = lower(C0, C1); q = lower(D0, D1)
      C0 = sum(C0, D0, i64x2.extmul_low_i32x4_u(p, q)); C1 = sum(C1, D1, i64x2.extmul_high_i32x4_u(p, q))
  store<u64>(to, a1, 8)
      B0 = rotr63(v128.xor(B0, C0)); B1 = rotr63(v128.xor(B1, C1))
  store<u64>(to, a2, 128)
      p = across(A0, A1); A1 = across(A1, A0); A0 = p
      p = across(C1, C0); C1 = across(C0, C1); C0 = p
      p = D0; D0 = D1; D1 = p
  store<u64>(to, a3, 136); v128.store(to, A0, 16)
  store<u64>(to, b0, 256); v128.store(to, A1, 144)
  store<u64>(to, b1, 264); v128.store(to, B0, 272)
  store<u64>(to, b2, 384); v128.store(to, B1, 400)
  store<u64>(to, b3, 392); v128.store(to, C0, 528)
  store<u64>(to, c0, 512); v128.store(to, C1, 656)
  store<u64>(to, c1, 520); v128.store(to, D0, 784)
  store<u64>(to, c2, 640); v128.store(to, D1, 912)
  store<u64>(to, c3, 648); store<u64>(to, d0, 768); store<u64>(to, d1, 776); store<u64>(to, d2, 896)
  store<u64>(to, d3, 904)
}
