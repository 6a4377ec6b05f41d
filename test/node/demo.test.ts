// `npm run demo` draws the pictures of its users.
import { inflateSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { drawPortrait, PORTRAITS } from '../../scripts/dev/demo-pictures.mjs'
import { readPicture } from '../../src/accounts/avatar/image'

it('draws four different PNG pictures that the service accepts', () => {
  const pictures = PORTRAITS.map(drawPortrait)
  expect(new Set(pictures.map((picture) => picture.toString('hex'))).size).toBe(4)
  for (const picture of pictures) {
    expect(readPicture(new Uint8Array(picture))).toEqual({
      format: 'png',
      width: 192,
      height: 192,
    })
    expect(picture.length).toBeLessThan(20_000)
    const data = picture.subarray(picture.indexOf('IDAT') + 4, picture.lastIndexOf('IEND') - 8)
    expect(inflateSync(data)).toHaveLength(192 * (1 + 3 * 192))
  }
})
