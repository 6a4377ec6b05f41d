/** For admins: people, and what happened. */
import { useRoute } from 'preact-iso'
import { NotFound } from '../pages/not-found'
import { Page, SignedIn } from '../ui/page'
import { StepUp } from '../ui/step-up'
import { Tabs } from '../ui/tabs'
import { Events } from './events'
import { Users } from './users'

const parts = {
  '': { label: 'People', show: Users },
  events: { label: 'Events', show: Events },
}

export function Admin() {
  const { part = '' } = useRoute().params
  if (!Object.hasOwn(parts, part)) return <NotFound />
  const { show: Show } = parts[part as keyof typeof parts]
  return (
    <SignedIn>
      {(me) =>
        me.role === 'admin' ? (
          <StepUp>
            <Tabs label="Admin" base="/admin" parts={parts} />
            <Show me={me} />
          </StepUp>
        ) : (
          <Page title="Admins only" lead="This page needs an admin account." />
        )
      }
    </SignedIn>
  )
}
