/** A list as people see it: on its way, empty, broken, or there with a way to more of it. */
import type { ComponentChildren } from 'preact'
import type { useList } from './load'
import { Trouble, Waiting } from './page'

interface ListProps<T> {
  list: ReturnType<typeof useList<T>>
  row: (item: T) => ComponentChildren
  /** Shown while there is nothing. */
  empty: ComponentChildren
  /** Shown while the first items are on their way. */
  waiting?: ComponentChildren
  class?: string
}

export function List<T>({ list, row, empty, waiting, class: kind = 'list' }: ListProps<T>) {
  const { items, problem } = list
  return (
    <>
      {items && items.length > 0 && <ul class={kind}>{items.map(row)}</ul>}
      {items?.length === 0 && <div class="empty">{empty}</div>}
      {!items && !problem && (waiting ?? <Waiting />)}
      {problem && <Trouble problem={problem} again={list.again} />}
      {list.hasMore && !problem && (
        <button type="button" class="quiet more" aria-busy={list.busy} onClick={list.more}>
          Load more
        </button>
      )}
    </>
  )
}
