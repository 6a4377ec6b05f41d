// Admission and queue of hashes: a limit, one hash at a time, and no request blocks others for
// ever.
import { expect, it } from 'vitest'
import {
  admit,
  enqueue,
  type HashKind,
  LEASE_MS,
  MAX_ADMITTED,
  MAX_ADMITTED_PER_KIND,
  TICKET_MS,
} from '../../src/security/hash-queue'

// Other tests acquire admissions too. Those of this time do not count among theirs.
const now = Date.now() + 10 * LEASE_MS
const KINDS = ['sign-in', 'other'] as const
/** As many of one kind as its limit allows, then of the other until the common limit. */
const fill = (at: number, [first, second]: readonly HashKind[] = KINDS) =>
  Array.from({ length: MAX_ADMITTED }, (_, n) => {
    const kind = n < MAX_ADMITTED_PER_KIND ? first : second
    return admit(kind as HashKind, at)
  })

it('admits MAX_ADMITTED requests, and one more for each release', () => {
  const leases = fill(now)
  expect(leases).not.toContain(null)
  for (const kind of KINDS) expect(admit(kind, now)).toBeNull()
  leases.at(-1)?.()
  leases.at(-1)?.()
  const next = admit('other', now)
  expect(next).not.toBeNull()
  expect(admit('other', now)).toBeNull()
  for (const leave of [next, ...leases]) leave?.()
  const again = fill(now)
  expect(again).not.toContain(null)
  for (const leave of again) leave?.()
})

it.each([
  ['sign-in', 'other'],
  ['other', 'sign-in'],
] as const)('a flood of %s leaves admissions for %s', (many, few) => {
  const flood = Array.from({ length: 100 }, () => admit(many, now))
  const admitted = flood.filter((leave) => leave !== null)
  expect(admitted).toHaveLength(MAX_ADMITTED_PER_KIND)
  const others = Array.from({ length: 100 }, () => admit(few, now))
  expect(others.filter((leave) => leave !== null)).toHaveLength(
    MAX_ADMITTED - MAX_ADMITTED_PER_KIND,
  )
  for (const leave of [...flood, ...others]) leave?.()
})

it('voids leases that were not released after ten seconds', () => {
  const lost = fill(now)
  expect(admit('other', now + LEASE_MS - 1)).toBeNull()
  const later = fill(now + LEASE_MS)
  expect(later).not.toContain(null)
  for (const leave of lost) leave?.() // void: releases no other lease
  expect(admit('other', now + LEASE_MS)).toBeNull()
  for (const leave of later) leave?.()
})

it('runs one hash at a time, first in, first out', () => {
  const [first, second, third] = [enqueue(now), enqueue(now), enqueue(now)]
  for (const place of [third, second, first]) {
    expect(place.isFirst(now)).toBe(place === first)
  }
  first.leave()
  first.leave() // again: has no effect
  expect([third.isFirst(now), second.isFirst(now)]).toEqual([false, true])
  second.leave()
  expect(third.isFirst(now)).toBe(true)
  third.leave()
})

it('skips a request that was aborted in the queue, and readmits a late one at the end', () => {
  const [lost, next] = [enqueue(now), enqueue(now)]
  expect(next.isFirst(now + TICKET_MS - 1)).toBe(false)
  expect(next.isFirst(now + TICKET_MS)).toBe(true)
  expect(lost.isFirst(now + TICKET_MS)).toBe(false)
  next.leave()
  expect(lost.isFirst(now + TICKET_MS)).toBe(true)
  lost.leave()
})
