/** The stream of an export: how it ends. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { MAX_STREAM_MS, streamOf } from '../../src/accounts/export/stream'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const onError = vi.fn()
async function* parts(...texts: (string | Error)[]) {
  for (const text of texts) {
    if (text instanceof Error) throw text
    yield text
  }
}

it('sends every part and leaves no timer behind', async () => {
  expect(await new Response(streamOf(parts('{"a":', '"ü"}'), onError)).text()).toBe('{"a":"ü"}')
  expect(vi.getTimerCount()).toBe(0)
  expect(onError).not.toHaveBeenCalled()
})

it('makes a part only when it is read', async () => {
  const make = vi.fn(() => 'part')
  const reader = streamOf(
    (async function* () {
      for (;;) yield make()
    })(),
    onError,
  ).getReader()
  await reader.read()
  expect(make).toHaveBeenCalledTimes(1)
  await reader.cancel()
  expect(vi.getTimerCount()).toBe(0)
})

it('fails after 10 minutes, so that no client takes the file for complete', async () => {
  const reader = streamOf(parts('one', 'two'), onError).getReader()
  await reader.read()
  vi.advanceTimersByTime(MAX_STREAM_MS - 1)
  await reader.read()
  vi.advanceTimersByTime(1)
  await expect(reader.read()).rejects.toThrow('longer than 10 minutes')
  expect(onError).toHaveBeenCalledOnce()
})

it('fails with the part that fails, and reports why', async () => {
  onError.mockClear()
  const reader = streamOf(parts('one', new Error('D1 is down')), onError).getReader()
  await reader.read()
  await expect(reader.read()).rejects.toThrow('D1 is down')
  expect(onError).toHaveBeenCalledOnce()
  expect(vi.getTimerCount()).toBe(0)
})
