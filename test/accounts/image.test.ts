import { expect, it } from 'vitest'
import { readPicture } from '../../src/accounts/avatar/image'
import { NO_PICTURES, PICTURES } from '../support/pictures'

it('reads the dimensions of each format from its header', () => {
  for (const [name, { make, extension }] of Object.entries(PICTURES)) {
    for (const [width, height] of [
      [1, 1],
      [4096, 1],
      [1, 4096],
      [640, 481],
      [4097, 16_383],
    ] as const) {
      expect(readPicture(make(width, height)), `${name} ${width} × ${height}`).toEqual({
        format: extension,
        width,
        height,
      })
    }
  }
})

it('rejects other files, and headers that are cut off', () => {
  for (const [name, bytes] of NO_PICTURES) expect(readPicture(bytes), name).toBeNull()
  for (const [name, { make }] of Object.entries(PICTURES)) {
    const whole = make(640, 480)
    const sizes = new Set<unknown>()
    for (let length = 0; length < whole.length; length++) {
      const cut = readPicture(whole.subarray(0, length))
      if (cut) sizes.add(`${cut.width} × ${cut.height}`)
    }
    expect(
      [...sizes].filter((size) => size !== '640 × 480'),
      name,
    ).toEqual([])
  }
})

it('terminates for any bytes', () => {
  for (let round = 0; round < 2000; round++) {
    const bytes = crypto.getRandomValues(new Uint8Array(round % 64))
    const start = Object.values(PICTURES)
      [round % 6]?.make(1, 1)
      .subarray(0, round % 20)
    expect(() => readPicture(new Uint8Array([...(start ?? []), ...bytes]))).not.toThrow()
  }
})
