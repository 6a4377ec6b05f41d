// Points of P-256 and Ed25519 by the formulas of SP 800-186 and RFC 8032, for comparison with the
// checks of the service.

const P256 = {
  p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
}
const P = 2n ** 255n - 19n
const D = (-121665n * power(121666n, P - 2n)) % P
const SQRT_OF_MINUS_1 = power(2n, (P - 1n) / 4n)

interface Point {
  x: bigint
  y: bigint
}

export function isP256Point(x: bigint, y: bigint): boolean {
  const { p, b } = P256
  return x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n
}

/** Whether the bytes decode to a point whose multiple by 8 is not the identity. */
export function isEd25519Point(bytes: Uint8Array): boolean {
  const point = decodePoint(bytes)
  if (!point) return false
  const { x, y } = double(double(double(point)))
  return !(x === 0n && y === 1n)
}

/** RFC 8032 §5.1.3. */
function decodePoint(bytes: Uint8Array): Point | null {
  if (bytes.length !== 32) return null
  const number = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  const y = number % 2n ** 255n
  const sign = number >> 255n
  if (y >= P) return null
  const u = modulo(y * y - 1n)
  const v = modulo(D * y * y + 1n)
  const candidate = modulo(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n))
  const square = modulo(v * candidate * candidate)
  const roots = new Map([
    [u, candidate],
    [modulo(-u), modulo(candidate * SQRT_OF_MINUS_1)],
  ])
  const x = roots.get(square)
  if (x === undefined || (x === 0n && sign === 1n)) return null
  return { x: x % 2n === sign ? x : P - x, y }
}

/** The sum of a point and itself, by the addition law of the curve. */
function double({ x, y }: Point): Point {
  const product = D * x * x * y * y
  return {
    x: modulo(2n * x * y * power(modulo(1n + product), P - 2n)),
    y: modulo((y * y + x * x) * power(modulo(1n - product), P - 2n)),
  }
}

function modulo(n: bigint): bigint {
  return ((n % P) + P) % P
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = modulo(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}
