/** Links between the parts of a page. */
import { useLocation } from 'preact-iso'

interface TabsProps {
  label: string
  base: string
  parts: Record<string, { label: string }>
}

export function Tabs({ label, base, parts }: TabsProps) {
  const { path } = useLocation()
  return (
    <nav class="tabs" aria-label={label}>
      {Object.entries(parts).map(([part, { label }]) => {
        const href = part ? `${base}/${part}` : base
        return (
          <a key={part} href={href} aria-current={path === href ? 'page' : undefined}>
            {label}
          </a>
        )
      })}
    </nav>
  )
}
