/**
 * Makes pictures small before they travel; what a camera wrote into the file (place, time) stays
 * here.
 */

const SIDE = 256

/**
 * The middle of a picture as a square of at most 256 pixels; null when the browser cannot read it.
 */
export async function squarePicture(file: Blob): Promise<Blob | null> {
  const image = await createImageBitmap(file).catch(() => null)
  if (!image) return null
  const crop = Math.min(image.width, image.height)
  const side = Math.min(SIDE, crop)
  const canvas = document.createElement('canvas')
  canvas.width = side
  canvas.height = side
  const [left, top] = [(image.width - crop) / 2, (image.height - crop) / 2]
  canvas.getContext('2d')?.drawImage(image, left, top, crop, crop, 0, 0, side, side)
  image.close()
  return new Promise((done) => canvas.toBlob(done, 'image/webp', 0.9))
}
