/** The first bytes of pictures, made for tests. */

const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(
    parts.flatMap((p) => (typeof p === 'string' ? [...p].map((c) => c.charCodeAt(0)) : p)),
  )

const be16 = (n: number) => [n >> 8, n & 255]
const be32 = (n: number) => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]
const le16 = (n: number) => [n & 255, n >> 8]
const le24 = (n: number) => [n & 255, (n >> 8) & 255, (n >> 16) & 255]

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

export const png = (width: number, height: number) =>
  bytes(SIGNATURE, be32(13), 'IHDR', be32(width), be32(height), [8, 6, 0, 0, 0], [0, 0, 0, 0])

/** `marker` is that of the frame header: 0xc0 baseline, 0xc2 progressive. */
export const jpeg = (width: number, height: number, marker = 0xc0) =>
  bytes(
    [0xff, 0xd8],
    [0xff, 0xe0, ...be16(16)],
    'JFIF\0',
    [1, 1, 0, 0, 1, 0, 1, 0, 0],
    [0xff, 0xc4, ...be16(4), 0, 0], // a Huffman table, which is no frame header
    [0xff, 0xff, 0xfe, ...be16(4), 0xff, 0xc0], // a fill byte, then a comment that looks like one
    [0xff, marker, ...be16(11), 8, ...be16(height), ...be16(width), 1, 0, 0, 0],
    [0xff, 0xd9],
  )

const webp = (chunk: string, data: number[]) =>
  bytes('RIFF', [100, 0, 0, 0], 'WEBP', chunk, [data.length, 0, 0, 0], data)

export const webpExtended = (width: number, height: number) =>
  webp('VP8X', [0, 0, 0, 0, ...le24(width - 1), ...le24(height - 1)])

export const webpLossless = (width: number, height: number) => {
  const bits = (width - 1) | ((height - 1) << 14)
  return webp('VP8L', [
    0x2f,
    bits & 255,
    (bits >> 8) & 255,
    (bits >> 16) & 255,
    (bits >> 24) & 255,
    0,
  ])
}

export const webpLossy = (width: number, height: number) =>
  webp('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, ...le16(width), ...le16(height), 0])

export const PICTURES = {
  png: { make: png, type: 'image/png', extension: 'png' },
  'baseline JPEG': { make: jpeg, type: 'image/jpeg', extension: 'jpg' },
  'progressive JPEG': {
    make: (w: number, h: number) => jpeg(w, h, 0xc2),
    type: 'image/jpeg',
    extension: 'jpg',
  },
  'extended WebP': { make: webpExtended, type: 'image/webp', extension: 'webp' },
  'lossless WebP': { make: webpLossless, type: 'image/webp', extension: 'webp' },
  'lossy WebP': { make: webpLossy, type: 'image/webp', extension: 'webp' },
}

/** Bytes that are none of these, whatever they begin like. */
export const NO_PICTURES: [string, Uint8Array][] = [
  ['nothing', bytes()],
  ['a text', bytes('Hello, this is no picture at all, but a text')],
  ['HTML', bytes('<!doctype html><script>alert(1)</script>')],
  ['SVG', bytes('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')],
  ['GIF', bytes('GIF89a', [1, 0, 1, 0, 0, 0, 0])],
  ['BMP', bytes('BM', be32(100), be32(0), be32(0), be32(0))],
  ['a PNG whose first chunk is another', bytes(SIGNATURE, be32(13), 'tEXt', be32(1), be32(1))],
  ['a PNG whose header has another length', bytes(SIGNATURE, be32(14), 'IHDR', be32(1), be32(1))],
  ['a PNG with line ends translated', bytes([0x89, 0x50, 0x4e, 0x47, 0x0a, 0x1a, 0x0a], be32(13))],
  [
    'a JPEG that begins its scan without a frame',
    bytes([0xff, 0xd8, 0xff, 0xda, 0, 4, 0, 0, 0, 0]),
  ],
  ['a JPEG that ends at once', bytes([0xff, 0xd8, 0xff, 0xd9])],
  ['a JPEG segment of length 0', bytes([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0])],
  ['a JPEG of fill bytes', bytes([0xff, 0xd8], Array(5000).fill(0xff))],
  ['a RIFF that is no WebP', bytes('RIFF', [100, 0, 0, 0], 'WAVE', 'fmt ', be32(0), be32(0))],
  ['a WebP with an unknown chunk', webp('XXXX', Array(20).fill(0))],
  ['a lossless WebP without its mark', webp('VP8L', [0x2e, 0, 0, 0, 0, 0])],
  ['a lossy WebP without its mark', webp('VP8 ', Array(12).fill(0))],
]
