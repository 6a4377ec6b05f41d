// The breach check as the Worker does it: with workerd's own fetch, which takes other options than
// Node's.
import { expect, inject, it, vi } from 'vitest'
import { isBreached } from '../../src/security/breach'

const { url, breached } = inject('rangeApi')
const source = (url: string) => ({ fetch: (...of: Parameters<typeof fetch>) => fetch(...of), url })

it('finds a breached password, and lets another pass without a word', async () => {
  const log = vi.spyOn(console, 'warn')
  expect(await isBreached(breached, source(url))).toBe(true)
  expect(await isBreached('a password of none', source(url))).toBe(false)
  expect(log).not.toHaveBeenCalled()
  log.mockRestore()
})

it('follows no redirect: the password passes, and the log says so', async () => {
  const log = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const moved = url.replace('/range/', '/moved/')
  expect(await isBreached(breached, source(moved))).toBe(false)
  expect(log.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
    { event: 'breach_check_failed', error: 'Error: status 302' },
  ])
  log.mockRestore()
})
