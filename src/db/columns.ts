/** Column types that the tables share. */
import { customType, integer } from 'drizzle-orm/sqlite-core'

/** Milliseconds since 1970 (UTC). */
export const time = (name: string) => integer(name, { mode: 'timestamp_ms' })
export const flag = (name: string) => integer(name, { mode: 'boolean' })

/** A blob. D1 returns its bytes as numbers; drizzle's own type needs Node's `Buffer`. */
export const bytes = customType<{ data: Uint8Array; driverData: ArrayBuffer | number[] }>({
  dataType: () => 'blob',
  toDriver: (value) => new Uint8Array(value).buffer,
  fromDriver: (value) => new Uint8Array(value),
})
