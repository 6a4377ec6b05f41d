/** Files in R2 that no account shows. */
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { sweepPictures } from '../../src/accounts/avatar/sweep'
import { openDatabase } from '../../src/db'
import { QueryBudget } from '../../src/db/query-budget'
import { runScheduled } from '../../src/scheduled'
import { randomId } from '../../src/security/secret-token'
import { register } from '../support/users'

const DAY = 24 * 3_600_000
const later = (days: number) => new Date(Date.now() + days * DAY)
const stored = async () => new Set((await env.AVATARS.list()).objects.map(({ key }) => key))

/** A stored picture, shown by `userId` if there is one. */
async function picture(userId?: number): Promise<string> {
  const key = `${randomId()}.png`
  await env.AVATARS.put(key, 'bytes')
  if (userId)
    await env.DB.prepare('update users set avatar_key = ? where id = ?').bind(key, userId).run()
  return key
}

const sweep = (now: Date, queries = 1000, pageSize?: number, bucket = env.AVATARS) =>
  sweepPictures(
    openDatabase(env.DB, { count: 0, ms: 0 }),
    bucket,
    now,
    new QueryBudget(queries),
    pageSize,
  )

describe('the sweep of pictures', () => {
  beforeEach(async () => {
    for (const key of await stored()) await env.AVATARS.delete(key)
    await env.DB.prepare('delete from sweeps').run()
  })

  it('deletes files that no account shows, if they are older than a day and pictures', async () => {
    const [ann, bob] = [await register(), await register()]
    const shown = [await picture(ann.id), await picture(bob.id)]
    const orphans = [await picture(), await picture(), await picture()]
    await env.AVATARS.put('not-ours.txt', 'bytes')
    expect(await sweep(later(0.9))).toBe(0)
    await env.DB.prepare('delete from sweeps').run()
    expect(await sweep(later(1.1))).toBe(orphans.length)
    expect(await stored()).toEqual(new Set([...shown, 'not-ours.txt']))
  })

  it('walks the bucket page by page, over several runs', async () => {
    const ann = await register()
    const shown = await picture(ann.id)
    for (let i = 0; i < 6; i++) await picture()
    const start = later(2)
    // One query for the progress and two per page: two of the seven files.
    expect(await sweep(start, 1 + 2, 2)).toBeLessThanOrEqual(2)
    expect((await stored()).size).toBeGreaterThanOrEqual(5)
    await sweep(later(2.1), 1 + 2, 2)
    await sweep(later(2.2), 1000, 2)
    expect(await stored()).toEqual(new Set([shown]))
    const progress = await env.DB.prepare('select * from sweeps').first()
    expect(progress).toEqual({ name: 'pictures', started_at: start.getTime(), cursor: null })
  })

  it('starts again a week after the start of a complete sweep', async () => {
    await sweep(later(2))
    const orphan = await picture()
    expect(await sweep(later(8.9))).toBe(0)
    expect(await stored()).toEqual(new Set([orphan]))
    expect(await sweep(later(9.1))).toBe(1)
    expect((await stored()).size).toBe(0)
  })

  it('runs the other jobs of the cron when it fails', async () => {
    const broken = { list: () => Promise.reject(new Error('R2 is down (10001)')) }
    const report = await runScheduled(
      { ...env, AVATARS: broken as unknown as R2Bucket },
      new Date(0),
    )
    expect(report.pictures).toBeUndefined()
    expect(report.accounts).toBe(0)
    expect(report.expired).toMatchObject({ events: 0 })
  })
})
