/** The fake clock of the tests. Only `Date` is fake: timers run. */
import { afterEach, beforeEach, vi } from 'vitest'

/** Starts the real clock again after each test of a file. */
export const restoreClock = () => afterEach(() => void vi.useRealTimers())

/** Stops the clock before each test of a file, and starts it again after it. */
export function stopClock() {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  restoreClock()
}

/** Moves the stopped clock forward. */
export const passMs = (ms: number) => vi.setSystemTime(Date.now() + ms)
export const pass = (seconds: number) => passMs(seconds * 1000)

/** Moves the clock forward and lets it run. */
export const later = (ms: number) =>
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms, shouldAdvanceTime: true })
