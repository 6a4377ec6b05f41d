/** A person's picture, or their initials on a colour that stays theirs. */
import type { UserPublic } from '../../client'

export const nameOf = (user: UserPublic) => user.full_name || user.username

const initials = (name: string) => {
  const words = name.split(/[\s._-]+/).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]]
  return letters.map((word) => [...(word ?? '?')][0]?.toLocaleUpperCase() ?? '').join('')
}

/** The picture's path: pages and pictures are of one origin, by whatever name it was reached. */
const path = (url: string) => new URL(url, location.origin).pathname

export function Avatar({ user, size = 'small' }: { user: UserPublic; size?: 'small' | 'large' }) {
  // The name stands beside it wherever it is shown: to a screen reader the picture adds nothing.
  if (user.image_url) {
    const pixels = size === 'large' ? 96 : 36
    return (
      <img
        class={`avatar ${size}`}
        src={path(user.image_url)}
        alt=""
        width={pixels}
        height={pixels}
      />
    )
  }
  return (
    <span class={`avatar ${size} hue-${user.id % 8}`} aria-hidden="true">
      {initials(nameOf(user))}
    </span>
  )
}
