import { describe, expect, it } from 'vitest'
import {
  grantScope,
  judgeRotation,
  narrowScope,
  PARENT_GRACE_MS,
  parseScope,
  sessionEnd,
} from '../../src/sessions/rules'

const at = (ms: number) => new Date(1_800_000_000_000 + ms)
const ALL = ['posts:write', 'account', 'admin'] as const

describe('a requested scope', () => {
  it('is parsed by RFC 6749 §3.3, in any order, each value once', () => {
    for (const nothing of [undefined, '', ' ', '   ']) expect(parseScope(nothing)).toBe('all')
    expect(parseScope('account posts:write account')).toEqual(['posts:write', 'account'])
    for (const unknown of [
      'x',
      'account x',
      'ACCOUNT',
      'account,admin',
      'account\tadmin',
      '__proto__',
    ])
      expect(parseScope(unknown), unknown).toBeNull()
  })

  it('is granted if the role allows all of it', () => {
    expect(grantScope('all', 'user')).toEqual(['posts:write', 'account'])
    expect(grantScope('all', 'admin')).toEqual(ALL)
    expect(grantScope(['account'], 'user')).toEqual(['account'])
    expect(grantScope(['account', 'admin'], 'user')).toBeNull()
  })

  it('is narrowed by a refresh, and never widened', () => {
    expect(narrowScope('posts:write account', 'user', 'all')).toEqual(['posts:write', 'account'])
    expect(narrowScope('posts:write account', 'user', ['account'])).toEqual(['account'])
    expect(narrowScope('account', 'user', ['account', 'posts:write'])).toBeNull()
    expect(narrowScope(ALL.join(' '), 'user', 'all')).toEqual(['posts:write', 'account'])
    expect(narrowScope(ALL.join(' '), 'user', ['admin'])).toBeNull()
    expect(narrowScope('admin', 'user', 'all')).toBeNull()
  })
})

describe('a refresh', () => {
  const session = (counter: number) => ({ counter, rotatedAt: at(0) })
  const judge = (
    counter: number,
    now: number,
    row: number | null,
    { moved = false, repeated = false } = {},
  ) =>
    judgeRotation(
      counter,
      { moved, repeated, session: row === null ? undefined : session(row) },
      at(now),
    )

  it('is judged by the counter and the clock', () => {
    expect(judge(4, 0, 5, { moved: true })).toBe('rotated')
    expect(judge(4, 0, null)).toBe('ended')
    expect(judge(5, 0, 5)).toBe('too-much-scope')
    // The parent, within ten seconds; also by a clock a little behind the one that rotated.
    for (const ms of [-50, 0, PARENT_GRACE_MS])
      expect(judge(4, ms, 5, { repeated: true })).toBe('repeated')
    for (const ms of [-50, 0, PARENT_GRACE_MS]) expect(judge(4, ms, 5)).toBe('repeated-too-often')
    expect(judge(4, PARENT_GRACE_MS + 1, 5)).toBe('reused')
    for (const counter of [0, 3, 6, 7]) expect(judge(counter, 0, 5)).toBe('reused')
  })
})

describe('a session', () => {
  it('ends at its idle or its absolute limit, whichever comes first', () => {
    const limits = { refreshIdleMs: 30, refreshMaxMs: 90 }
    expect(sessionEnd(at(0), at(0), limits)).toEqual(at(30))
    expect(sessionEnd(at(0), at(59), limits)).toEqual(at(89))
    expect(sessionEnd(at(0), at(61), limits)).toEqual(at(90))
    expect(sessionEnd(at(0), at(0), { refreshIdleMs: 90, refreshMaxMs: 30 })).toEqual(at(30))
  })
})
