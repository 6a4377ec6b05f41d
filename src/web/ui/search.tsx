/** A search whose words stand in the address, so that it can be kept, sent and gone back to. */
import { useLocation } from 'preact-iso'

interface SearchProps {
  /** The label, e.g. `Search posts`. */
  label: string
  /** The words that are searched now. */
  words: string
  /** The address of the list without a search. */
  at: string
}

export function Search({ label, words, at }: SearchProps) {
  const { route } = useLocation()
  return (
    <search>
      <form
        class="find"
        key={words}
        onSubmit={(event) => {
          event.preventDefault()
          const next = String(new FormData(event.currentTarget).get('q')).trim()
          route(next ? `${at}?q=${encodeURIComponent(next)}` : at)
        }}
      >
        <input
          name="q"
          type="search"
          aria-label={label}
          placeholder={label}
          defaultValue={words}
          maxLength={100}
        />
        <button type="submit" class="quiet">
          Search
        </button>
      </form>
    </search>
  )
}
