// @ts-check
// Draws the pictures of the four users of `npm run demo`: a head, hair and shoulders as PNG.
import { crc32, deflateSync } from 'node:zlib'

const SIZE = 192
/** Samples per pixel and direction, against jagged edges. */
const SAMPLES = 3

/** @typedef {[number, number, number]} Color red, green and blue, 0 to 255 */
/**
 * @typedef {object} Portrait
 * @property {Color} ground
 * @property {Color} skin
 * @property {Color} hair
 * @property {Color} shirt
 * @property {boolean} hasLongHair
 */

/** @type {Portrait[]} */
export const PORTRAITS = [
  {
    ground: [238, 205, 163],
    skin: [244, 208, 180],
    hair: [150, 84, 44],
    shirt: [20, 102, 91],
    hasLongHair: true,
  },
  {
    ground: [178, 206, 222],
    skin: [236, 190, 158],
    hair: [70, 58, 50],
    shirt: [66, 84, 130],
    hasLongHair: false,
  },
  {
    ground: [216, 196, 226],
    skin: [198, 142, 104],
    hair: [34, 28, 32],
    shirt: [158, 64, 86],
    hasLongHair: true,
  },
  {
    ground: [200, 218, 182],
    skin: [122, 82, 58],
    hair: [26, 22, 22],
    shirt: [226, 160, 58],
    hasLongHair: false,
  },
]

/**
 * Whether a point is in an ellipse; all lengths are parts of the picture's side.
 * @param {number} x @param {number} y @param {number} cx @param {number} cy @param {number} rx
 * @param {number} ry
 */
const isIn = (x, y, cx, cy, rx, ry) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1

/** @param {Portrait} portrait @param {number} x @param {number} y @returns {Color} */
function colorAt({ ground, skin, hair, shirt, hasLongHair }, x, y) {
  const isEye = isIn(x, y, 0.43, 0.43, 0.016, 0.02) || isIn(x, y, 0.57, 0.43, 0.016, 0.02)
  const isMouth = isIn(x, y, 0.5, 0.51, 0.06, 0.035) && y > 0.52
  const isFringe = isIn(x, y, 0.5, 0.28, 0.19, 0.12) && y < 0.33 + 0.25 * Math.abs(x - 0.44)
  if (isFringe) return hair
  if (isEye || isMouth) return [58, 40, 38]
  if (isIn(x, y, 0.5, 0.42, 0.165, 0.215)) return skin
  if (Math.abs(x - 0.5) < 0.07 && y > 0.5 && y < 0.72) return skin
  if (isIn(x, y, 0.5, 1.02, 0.38, 0.34)) return shirt
  if (isIn(x, y, 0.5, 0.36, 0.205, 0.22)) return hair
  if (hasLongHair && Math.abs(x - 0.5) < 0.205 && y > 0.36 && y < 0.68) return hair
  return ground
}

/** The mean color of a pixel. @param {Portrait} portrait @param {number} px @param {number} py */
function pixel(portrait, px, py) {
  const colors = Array.from({ length: SAMPLES ** 2 }, (_, i) =>
    colorAt(
      portrait,
      (px + ((i % SAMPLES) + 0.5) / SAMPLES) / SIZE,
      (py + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES) / SIZE,
    ),
  )
  const mean = (/** @type {0 | 1 | 2} */ band) =>
    Math.round(colors.reduce((sum, color) => sum + color[band], 0) / colors.length)
  return [mean(0), mean(1), mean(2)]
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}

/** A PNG (RFC 2083) of 8 bits per color. @param {Portrait} portrait @returns {Buffer} */
export function drawPortrait(portrait) {
  const rows = Buffer.alloc(SIZE * (1 + 3 * SIZE)) // each row begins with its filter: 0, none
  for (let py = 0; py < SIZE; py++) {
    for (let px = 0; px < SIZE; px++) {
      rows.set(pixel(portrait, px, py), py * (1 + 3 * SIZE) + 1 + 3 * px)
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIZE, 0)
  header.writeUInt32BE(SIZE, 4)
  header.set([8, 2], 8) // bits per color; colors without transparency
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
