// Validity of Ed25519 public keys. WebCrypto imports any 32 bytes as one, so a key that is no point
// of the curve would be stored and then verify no signature.

const P = 2n ** 255n - 19n
/** The constant d of the curve -x² + y² = 1 + d·x²·y² (RFC 8032 §5.1). */
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n
const SIGN_BIT = 1n << 255n

/**
 * Whether 32 bytes encode a point of the curve (RFC 8032 §5.1.3) that is not one of its eight
 * points of order 1, 2, 4 or 8. With such a point as key, signatures can be made without a private
 * key.
 */
export function isEd25519PublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false
  const y = littleEndian(bytes) & ~SIGN_BIT
  if (y >= P) return false
  const y2 = mod(y * y)
  // x² = u / v, and u / v is a square exactly if u · v is. v is never zero.
  const u = y2 - 1n
  const v = D * y2 + 1n
  return !hasSmallOrder(y, y2) && isSquare(mod(u * v))
}

/** y is 1 or -1 at order 1 and 2, 0 at order 4; doubling a point of order 8 gives y = 0. */
function hasSmallOrder(y: bigint, y2: bigint): boolean {
  return y === 0n || y2 === 1n || mod(D * y2 * y2 + 2n * y2 - 1n) === 0n
}

/** Euler's criterion: n^((P-1)/2) is 1 for squares, P-1 for others. */
function isSquare(n: bigint): boolean {
  let power = 1n
  let base = n
  for (let exponent = (P - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) power = (power * base) % P
    base = (base * base) % P
  }
  return power === 1n
}

const mod = (n: bigint): bigint => ((n % P) + P) % P

function littleEndian(bytes: Uint8Array): bigint {
  let number = 0n
  for (const byte of bytes.toReversed()) number = (number << 8n) | BigInt(byte)
  return number
}
