/** Data that a page shows: loaded when its key changes, kept for the way back. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ApiProblem } from '../../client'
import { session } from '../gatepost'

/**
 * The data that was shown, by key, the latest last. Only the back button reads it, to show a page
 * at once as it was.
 */
const kept = new Map<string, unknown>()
const MOST_KEPT = 40

function keep(key: string, data: unknown) {
  kept.delete(key)
  kept.set(key, data)
  const [oldest] = kept.keys()
  if (kept.size > MOST_KEPT && oldest) kept.delete(oldest)
}
// Another user of the browser must not see it.
session.subscribe((state) => state.status === 'signed-out' && kept.clear())

/** Returns the problem of the API. Any other error is a bug, and is logged to the console. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  console.error(error)
  return new ApiProblem(0, { title: 'Something went wrong', detail: 'Reload the page.' })
}

/**
 * `always`: shown after it was loaded; `on-back`: on the way back, what was kept is enough;
 * `refresh`: it is shown first, then renewed.
 */
type Use = 'always' | 'on-back' | 'refresh'

interface Loaded<T> {
  key: string
  data?: T
  problem?: ApiProblem
}

/** Whether the user came to this page by the browser's back or forward button. */
const useCameBack = () => !(useLocation() as { wasPush?: boolean }).wasPush

/** Loads once per key. Data that arrives after the key has changed is dropped. */
export function useLoad<T>(key: string, load: () => Promise<T>, use: Use = 'refresh') {
  const cameBack = useCameBack()
  const recall = (): Loaded<T> =>
    cameBack && use !== 'always' && kept.has(key) ? { key, data: kept.get(key) as T } : { key }
  const [loaded, setLoaded] = useState(recall)
  // Never show the data of the former key, not even for a moment.
  const shown = loaded.key === key ? loaded : recall()
  const current = useRef(key)
  current.current = key
  const work = useRef(load)
  work.current = load

  const reload = useCallback(async () => {
    const next: Loaded<T> = { key }
    try {
      next.data = await work.current()
    } catch (error) {
      next.problem = asProblem(error)
    }
    if (current.current === key) setLoaded(next)
  }, [key])
  const isEnough = use === 'on-back' && shown.data !== undefined
  const first = useRef({ key, isEnough })
  if (first.current.key !== key) first.current = { key, isEnough }
  useEffect(() => {
    if (first.current.isEnough) setLoaded({ key, data: kept.get(key) as T })
    else void reload()
  }, [key, reload])
  if (shown.data !== undefined) keep(key, shown.data)
  return {
    data: shown.data,
    problem: shown.problem,
    reload,
    set: (data: T) => setLoaded({ key, data }),
  }
}

export interface Slice<T> {
  items: T[]
  next: string | null
}

/** A list that grows by "Load more". */
export function useList<T>(key: string, load: (cursor?: string) => Promise<Slice<T>>) {
  const first = useLoad<Slice<T>>(key, () => load(), 'on-back')
  const [more, setMore] = useState<{ key: string; busy: boolean; problem?: ApiProblem }>()
  const { data, set } = first
  const state = more?.key === key ? more : undefined
  async function loadMore() {
    if (!data?.next || state?.busy) return
    setMore({ key, busy: true })
    try {
      const { items, next } = await load(data.next)
      set({ items: [...data.items, ...items], next })
      setMore({ key, busy: false })
    } catch (error) {
      setMore({ key, busy: false, problem: asProblem(error) })
    }
  }
  return {
    items: data?.items,
    problem: first.problem ?? state?.problem,
    again: first.problem ? first.reload : loadMore,
    hasMore: Boolean(data?.next),
    busy: state?.busy ?? false,
    /** Changes what is shown without asking again. */
    change: (items: T[]) => data && set({ ...data, items }),
    more: loadMore,
  }
}
