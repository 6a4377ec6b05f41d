// What is promised of the gate before the hash: a bound, one hash at a time, and that nothing keeps it shut.
import { expect, it } from 'vitest'
import { enterGate, GATE_SIZE, LEASE_MS, TURN_MS, takeTurn } from '../../src/security/hash-gate'

// other tests sign in through the same gate: a time of its own keeps their leases out of the way
const now = Date.now() + 10 * LEASE_MS
const fill = (at: number) => Array.from({ length: GATE_SIZE }, () => enterGate(at))

it('lets GATE_SIZE requests in, no more, and one more for each that leaves', () => {
  const leases = fill(now)
  expect(leases).not.toContain(null)
  expect(enterGate(now)).toBeNull()
  leases[0]?.()
  leases[0]?.()
  const next = enterGate(now)
  expect(next).not.toBeNull()
  expect(enterGate(now)).toBeNull()
  for (const leave of [next, ...leases]) leave?.()
  const again = fill(now)
  expect(again).not.toContain(null)
  for (const leave of again) leave?.()
})

it('forgets leases that were never given back, after ten seconds', () => {
  const lost = fill(now)
  expect(enterGate(now + LEASE_MS - 1)).toBeNull()
  const later = fill(now + LEASE_MS)
  expect(later).not.toContain(null)
  for (const leave of lost) leave?.() // void: frees nobody else's place
  expect(enterGate(now + LEASE_MS)).toBeNull()
  for (const leave of later) leave?.()
})

it('gives one turn at a time, and takes it from a request that does not end it', () => {
  const lost = takeTurn(now)
  expect(lost).not.toBeNull()
  expect(takeTurn(now + TURN_MS - 1)).toBeNull()
  const next = takeTurn(now + TURN_MS)
  expect(next).not.toBeNull()
  lost?.() // void: ends nobody else's turn
  expect(takeTurn(now + TURN_MS)).toBeNull()
  next?.()
  const last = takeTurn(now + TURN_MS)
  expect(last).not.toBeNull()
  last?.()
})
