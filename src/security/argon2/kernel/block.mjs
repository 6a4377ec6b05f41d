// The two functions of the kernel that read and write whole blocks, built instruction by
// instruction: their speed depends on the order of the instructions, which V8 keeps and the
// optimizer of AssemblyScript changes. docs/argon2.md has the measurements.
import binaryen from 'assemblyscript/binaryen'

/** Addresses, as in kernel.ts. */
const R = 1024
const Q = 2048
const Z = 3072
const BLOCK = 1024

/** A block is 8 × 8 registers of two words (RFC 9106, 3.6). Sizes in bytes. */
const WORD = 8
const REGISTER = 16
const ROW = 8 * REGISTER

/** How many registers one iteration of `finish` takes. */
const UNROLLED = 16

const numbers = [0, 1, 2, 3]
const scalars = ['a', 'b', 'c', 'd'].flatMap((name) => numbers.map((n) => name + n))
const vectors = ['A0', 'A1', 'B0', 'B1', 'C0', 'C1', 'D0', 'D1']

/** Byte indices of two words rotated right by a multiple of 8 bits. */
const rotatedBytes = (bits) =>
  Array.from({ length: REGISTER }, (_, n) => (n & 8) + ((n + bits / 8) % 8))

/** Byte indices that select four of the eight 32-bit lanes of two vectors. */
const lanes = (...four) => four.flatMap((lane) => numbers.map((n) => lane * 4 + n))

/** Merges two lists of statements, so that both progress evenly. */
function inTurns(first, second) {
  const timed = (list) => list.map((statement, n) => ({ statement, time: n / list.length }))
  return [...timed(first), ...timed(second)]
    .sort((x, y) => x.time - y.time)
    .map(({ statement }) => statement)
}

/** Returns `first` of a name at its first use, and `later` of it from then on. */
function atFirst(first, later) {
  const used = new Set()
  return (name) => {
    if (used.has(name)) return later(name)
    used.add(name)
    return first(name)
  }
}

/** Access to the named locals of a function, given their types. */
function localsOf(module, types) {
  const names = Object.keys(types)
  return {
    get: (name) => module.local.get(names.indexOf(name), types[name]),
    set: (name, value) => module.local.set(names.indexOf(name), value),
    /** Sets a local and returns its value. */
    tee: (name, value) => module.local.tee(names.indexOf(name), value, types[name]),
  }
}

const typesOf = (type, names) => Object.fromEntries(names.map((name) => [name, type]))

/**
 * P on a row of 16 words a0…d3 at `from` in scalars, stored as a column of registers at `to`: G on
 * the columns of the 4 × 4 words, then on their diagonals (3.6). One G ends before the next begins:
 * in this order V8 spills the fewest registers.
 */
function scalarRow({ i64, i32 }, { get, set, tee }) {
  const columns = numbers.map((n) => ['a' + n, 'b' + n, 'c' + n, 'd' + n])
  const diagonals = numbers.map((n) =>
    ['a', 'b', 'c', 'd'].map((name, turn) => name + ((n + turn) % 4)),
  )
  const load = (word) => i64.load(scalars.indexOf(word) * WORD, WORD, get('from'))
  const use = atFirst((word) => tee(word, load(word)), get)
  const store = (word) => {
    const n = scalars.indexOf(word)
    return i64.store((n >> 1) * ROW + (n & 1) * WORD, WORD, get('to'), get(word))
  }
  const lower = (word) => i64.extend_u(i32.wrap(get(word)))
  /** a + b + 2 × the product of their lower halves. */
  const sum = (a, b) => {
    const plain = i64.add(use(a), use(b))
    return i64.add(plain, i64.shl(i64.mul(lower(a), lower(b)), i64.const(1n)))
  }
  /** Two lines of the eight that G has: a = sum(a, b), d = (d xor a) rotated right. */
  const step = (a, b, d, bits) =>
    set(d, i64.rotr(i64.xor(use(d), tee(a, sum(a, b))), i64.const(BigInt(bits))))
  const mix = ([a, b, c, d]) => [
    ...[step(a, b, d, 32), step(c, d, b, 24)],
    ...[step(a, b, d, 16), step(c, d, b, 63)],
  ]
  return [
    ...columns.flatMap((words) => mix(words)),
    ...diagonals.flatMap((words) => [...mix(words), ...words.map(store)]),
  ]
}

/** P on the next row, in vectors A0…D1 of two words each. All four G run at the same time. */
function vectorRow({ v128, i8x16, i64x2, i32 }, { get, set, tee }) {
  const [A, B, C, D] = ['A', 'B', 'C', 'D'].map((name) => [name + 0, name + 1])
  const load = (name) => {
    const offset = ROW + vectors.indexOf(name) * REGISTER
    if (name !== 'D0') return v128.load(offset, REGISTER, get('from'))
    // Before the columns, the last scalar row has just stored D0 as two words. A load of 16 bytes
    // would wait until both are in the cache; loads of 8 bytes take them from the store buffer.
    const first = v128.load64_zero(offset, WORD, get('from'))
    return v128.load64_lane(offset + WORD, WORD, 1, get('from'), first)
  }
  const use = atFirst((name) => tee(name, load(name)), get)
  const store = (name, value) =>
    v128.store(REGISTER + vectors.indexOf(name) * ROW, REGISTER, get('to'), value)
  const shuffle = (x, y, bytes) => i8x16.shuffle(use(x), use(y), bytes)
  /** The second word of x and the first of y. */
  const across = (x, y) => shuffle(x, y, lanes(2, 3, 4, 5))
  const plus = (x, y, product) =>
    set(x, i64x2.add(i64x2.add(tee('twice', product), get('twice')), i64x2.add(use(x), use(y))))
  const lowerHalves = ([x0, x1]) => shuffle(x0, x1, lanes(0, 2, 4, 6))
  const upperHalves = ([x0, x1]) => shuffle(x0, x1, lanes(1, 3, 5, 7))
  /** x + y + 2 × the product of their lower halves. `q` holds the lower halves of y. */
  const sum = (x, y, q) => [
    plus(x[0], y[0], i64x2.extmul_low_i32x4_u(tee('p', lowerHalves(x)), q)),
    plus(x[1], y[1], i64x2.extmul_high_i32x4_u(get('p'), get('q'))),
  ]
  const both = (change) => (x, y) => [set(x[0], change(x[0], y[0])), set(x[1], change(x[1], y[1]))]
  const xor = (x, y) => v128.xor(use(x), use(y))
  const xorBoth = both(xor)
  const rotate32 = both((x) => i8x16.swizzle(get(x), get('by32')))
  const xorRotate24 = both((x, y) => i8x16.swizzle(xor(x, y), get('by24')))
  const xorRotate16 = both((x, y) => i8x16.swizzle(xor(x, y), get('by16')))
  const xorRotate63 = both((x, y) => {
    const left = i64x2.add(tee(x, xor(x, y)), get(x))
    return v128.or(left, i64x2.shr_u(get(x), i32.const(63)))
  })
  const mix = (a, b, c, d) => [
    ...[...sum(a, b, tee('q', lowerHalves(b))), ...xorBoth(d, a)],
    // The lower halves of words that are rotated by 32 bits are their upper halves before.
    ...[set('q', upperHalves(d)), ...rotate32(d, d)],
    ...[...sum(c, d, get('q')), ...xorRotate24(b, c)],
    ...[...sum(a, b, tee('q', lowerHalves(b))), ...xorRotate16(d, a)],
    ...[...sum(c, d, tee('q', lowerHalves(d))), ...xorRotate63(b, c)],
  ]
  // Diagonals become columns and columns diagonals: A, C and D turn, B stays. D0 and D1 change
  // places by name.
  const turn = () => [
    ...[set('p', across('A1', 'A0')), set('A1', across('A0', 'A1')), set('A0', get('p'))],
    ...[set('p', across('C0', 'C1')), set('C1', across('C1', 'C0')), set('C0', get('p'))],
  ]
  const turnBackAndStore = () => [
    ...['B0', 'B1', 'D0', 'D1'].map((name) => store(name, get(name))),
    ...[store('A0', across('A0', 'A1')), store('A1', across('A1', 'A0'))],
    ...[store('C0', across('C1', 'C0')), store('C1', across('C0', 'C1'))],
  ]
  return [...mix(A, B, C, D), ...turn(), ...mix(A, B, C, D.toReversed()), ...turnBackAndStore()]
}

/**
 * `rounds()`, the permutation of G: P on the 8 rows of R, stored transposed into Q, so that the same
 * code then processes the 8 columns, into Z. Two rows are processed together, the first in scalars
 * and the second in vectors. Either one alone waits for its own results; together they keep the
 * units of the processor busy and fit its two register files.
 */
function rounds(module) {
  const { i32, v128 } = module
  const types = {
    ...typesOf(binaryen.i32, ['from', 'to']),
    ...typesOf(binaryen.i64, scalars),
    ...typesOf(binaryen.v128, [...vectors, 'p', 'q', 'twice', 'by32', 'by24', 'by16']),
  }
  const locals = localsOf(module, types)
  const { get, set } = locals
  const advance = (name, by) => set(name, i32.add(get(name), i32.const(by)))
  const body = module.block(null, [
    ...[32, 24, 16].map((bits) => set('by' + bits, v128.const(rotatedBytes(bits)))),
    ...[set('from', i32.const(R)), set('to', i32.const(Q))],
    module.loop(
      'pairs',
      module.block(null, [
        ...inTurns(scalarRow(module, locals), vectorRow(module, locals)),
        ...[advance('from', 2 * ROW), advance('to', 2 * REGISTER)],
        module.if(i32.eq(get('to'), i32.const(Q + ROW)), set('to', i32.const(Z))),
        module.br_if('pairs', i32.ne(get('from'), i32.const(Z))),
      ]),
    ),
  ])
  return { params: [], locals: Object.values(types), body }
}

/**
 * `finish(out, y, first)` ends a block and begins the next: out = R xor Z, which is G(X, Y), XORed
 * over what `out` held unless it is the first pass; then R = out xor y. All four pointers take the
 * same offsets: where V8 checks bounds in code, it computes one limit for them.
 */
function finish(module) {
  const { i32, v128 } = module
  const pointers = ['out', 'y', 'r', 'z']
  const types = {
    ...typesOf(binaryen.i32, ['out', 'y', 'first', 'r', 'z']),
    ...typesOf(binaryen.v128, ['o']),
  }
  const { get, set, tee } = localsOf(module, types)
  const advance = (name) => set(name, i32.add(get(name), i32.const(UNROLLED * REGISTER)))
  const load = (name, offset) => v128.load(offset, REGISTER, get(name))
  const store = (name, offset, value) => v128.store(offset, REGISTER, get(name), value)
  const register = (offset, over) => {
    const g = v128.xor(load('r', offset), load('z', offset))
    const value = over ? v128.xor(load('out', offset), g) : g
    return [
      store('out', offset, tee('o', value)),
      store('r', offset, v128.xor(get('o'), load('y', offset))),
    ]
  }
  const loop = (over) => {
    const label = over ? 'over' : 'new'
    const offsets = Array.from({ length: UNROLLED }, (_, n) => n * REGISTER)
    return module.loop(
      label,
      module.block(null, [
        ...offsets.flatMap((offset) => register(offset, over)),
        ...pointers.map(advance),
        module.br_if(label, i32.ne(get('r'), i32.const(R + BLOCK))),
      ]),
    )
  }
  const body = module.block(null, [
    ...[set('r', i32.const(R)), set('z', i32.const(Z))],
    module.if(get('first'), loop(false), loop(true)),
  ])
  const [out, y, first, ...locals] = Object.values(types)
  return { params: [out, y, first], locals, body }
}

/** Replaces the functions that the kernel imports from here. */
export function defineBlockFunctions(module) {
  const functions = { rounds: rounds(module), finish: finish(module) }
  const imported = Array.from({ length: module.getNumFunctions() }, (_, n) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(n)),
  ).filter((info) => info.module === 'block')
  for (const { name, base } of imported) {
    const { params, locals, body } = functions[base]
    module.removeFunction(name)
    module.addFunction(name, binaryen.createType(params), binaryen.none, locals, body)
  }
}
