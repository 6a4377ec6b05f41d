/**
 * Recognizes a picture by its first bytes. Nothing is decoded, and the declared type is ignored.
 */

export const PICTURE_TYPES = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' } as const
export type PictureFormat = keyof typeof PICTURE_TYPES

export interface Picture {
  format: PictureFormat
  width: number
  height: number
}

/**
 * The format, and width and height in pixels. Null for anything that is not a PNG, JPEG or WebP,
 * or too short to tell. Never throws for any bytes.
 */
export function readPicture(bytes: Uint8Array): Picture | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    return readPng(view) ?? readWebp(view) ?? readJpeg(view)
  } catch (error) {
    if (error instanceof RangeError) return null // the file ends within its header
    throw error
  }
}

const ascii = (view: DataView, at: number, length: number) =>
  String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, length))

/** Signature, then the chunk IHDR (PNG, third edition, §5.2 and §11.2.1). */
function readPng(view: DataView): Picture | null {
  if (view.getUint32(0) !== 0x89504e47 || view.getUint32(4) !== 0x0d0a1a0a) return null
  if (view.getUint32(8) !== 13 || ascii(view, 12, 4) !== 'IHDR') return null
  return { format: 'png', width: view.getUint32(16), height: view.getUint32(20) }
}

/** A RIFF container with one of three first chunks (RFC 9649 §2.4 to §2.7; RFC 6386 §9.1). */
function readWebp(view: DataView): Picture | null {
  if (ascii(view, 0, 4) !== 'RIFF' || ascii(view, 8, 4) !== 'WEBP') return null
  switch (ascii(view, 12, 4)) {
    case 'VP8X':
      return { format: 'webp', width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) }
    case 'VP8L': {
      if (view.getUint8(20) !== 0x2f) return null
      const bits = view.getUint32(21, true)
      return { format: 'webp', width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
    }
    case 'VP8 ': {
      if (uint24(view, 23) !== 0x2a019d) return null
      const width = view.getUint16(26, true) & 0x3fff
      return { format: 'webp', width, height: view.getUint16(28, true) & 0x3fff }
    }
    default:
      return null
  }
}

const uint24 = (view: DataView, at: number) =>
  view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16)

/** Reads segments up to the first frame header, SOF0 to SOF15 (ITU T.81, B.1.1 and B.2.2). */
function readJpeg(view: DataView): Picture | null {
  if (view.getUint16(0) !== 0xffd8) return null
  for (let at = 2; view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1)
    if (marker === 0xff) {
      at++ // fill byte
      continue
    }
    if (isFrameHeader(marker)) {
      return { format: 'jpg', width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    }
    const length = view.getUint16(at + 2)
    // Start of scan, end of image, or a marker without a length, and no frame header before it.
    if (marker === 0xda || marker === 0xd9 || length < 2) return null
    at += 2 + length
  }
  return null
}

/** DHT, JPG and DAC have codes between those of frame headers. */
const isFrameHeader = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
