/** One's own account, in parts. */
import { useRoute } from 'preact-iso'
import type { UserPrivate } from '../../client'
import { NotFound } from '../pages/not-found'
import { SignedIn } from '../ui/page'
import { StepUp } from '../ui/step-up'
import { Tabs } from '../ui/tabs'
import { Activity } from './activity'
import { Data } from './data'
import { Email } from './email'
import { Password } from './password'
import { Profile } from './profile'
import { Security } from './security/security'
import { Sessions } from './sessions'

const parts = {
  '': { label: 'Profile', show: Profile },
  email: { label: 'Email', show: Email },
  password: { label: 'Password', show: Password },
  security: { label: 'Security', show: Security },
  sessions: { label: 'Sessions', show: Sessions },
  activity: { label: 'Activity', show: Activity },
  data: { label: 'Your data', show: Data },
} satisfies Record<string, { label: string; show: (props: { me: UserPrivate }) => unknown }>

export function Account() {
  const { part = '' } = useRoute().params
  if (!Object.hasOwn(parts, part)) return <NotFound />
  const { show: Show } = parts[part as keyof typeof parts]
  return (
    <>
      <Tabs label="Account" base="/account" parts={parts} />
      <StepUp>
        <SignedIn>{(me) => <Show me={me} />}</SignedIn>
      </StepUp>
    </>
  )
}
