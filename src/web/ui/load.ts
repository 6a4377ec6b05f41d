/** Data that a page shows: loaded when its key changes, kept for the way back. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ApiProblem } from '../../client/problem'

interface Loaded<T> {
  key: string
  data?: T
  problem?: ApiProblem
}

/** Anything but a problem of the API is a mistake of ours: it goes to the console. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  console.error(error)
  return new ApiProblem(0, { title: 'Something went wrong', detail: 'Reload the page.' })
}

/** Loads once per key; what arrives after the key has changed is dropped. */
export function useLoad<T>(key: string, load: () => Promise<T>) {
  const [loaded, setLoaded] = useState<Loaded<T>>({ key })
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
  useEffect(() => {
    void reload()
  }, [reload])
  const fresh = loaded.key === key ? loaded : { key }
  const set = (data: T) => setLoaded({ key, data })
  return { data: fresh.data, problem: fresh.problem, reload, set }
}

export interface Slice<T> {
  items: T[]
  next: string | null
}
/** What lists have shown, by key; only the back button reads it. */
const kept = new Map<string, Slice<unknown>>()

/** A list that grows by "Load more". */
export function useList<T>(key: string, load: (cursor?: string) => Promise<Slice<T>>) {
  const { wasPush } = useLocation() as ReturnType<typeof useLocation> & { wasPush: boolean }
  const first = useLoad<Slice<T>>(key, async () => {
    const before = wasPush ? undefined : (kept.get(key) as Slice<T> | undefined)
    return before ?? load()
  })
  const [more, setMore] = useState<{ busy: boolean; problem?: ApiProblem }>({ busy: false })
  const { data, set } = first
  if (data) kept.set(key, data)
  return {
    items: data?.items,
    problem: first.problem ?? more.problem,
    reload: () => {
      kept.delete(key)
      setMore({ busy: false })
      return first.reload()
    },
    hasMore: Boolean(data?.next),
    busy: more.busy,
    /** Changes what is shown without asking again. */
    change: (items: T[]) => data && set({ ...data, items }),
    async more() {
      if (!data?.next || more.busy) return
      setMore({ busy: true })
      try {
        const { items, next } = await load(data.next)
        set({ items: [...data.items, ...items], next })
        setMore({ busy: false })
      } catch (error) {
        setMore({ busy: false, problem: asProblem(error) })
      }
    },
  }
}
