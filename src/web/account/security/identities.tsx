/** Account → Security: connected accounts at identity providers. */
import { gatepost } from '../../gatepost'
import { Act } from '../../ui/act'
import { useArrival } from '../../ui/arrival'
import { Confirm } from '../../ui/confirm'
import type { Factors } from '../../ui/factors'
import { useLoad } from '../../ui/load'
import { say } from '../../ui/messages'
import { Trouble, Waiting } from '../../ui/page'
import { labelOf, ProviderProblem, useProviders } from '../../ui/providers'
import { useStepUp } from '../../ui/step-up'
import { Time } from '../../ui/time'

interface IdentitiesProps {
  factors: Factors
  /** The address of the account is confirmed, which a connection needs. */
  mayConnect: boolean
  /** Reads the factors again. */
  changed: () => void
}

/** Nothing, where the service has no provider and the account no connection. */
export function Identities({ factors, mayConnect, changed }: IdentitiesProps) {
  const stepUp = useStepUp()
  const { linked, problem, provider } = useArrival('linked', 'problem', 'provider')
  const list = useLoad('identities', () => gatepost.identities.list(), 'always')
  const providers = useProviders()
  const identities = list.data?.identities
  if (factors.identities === 0 && !providers?.length && !problem) return null
  const isConnected = (name: string) => identities?.some(({ provider }) => provider === name)
  return (
    <>
      <h2>Connected accounts</h2>
      <p>Sign in with an account that you have elsewhere.</p>
      {list.problem && <Trouble problem={list.problem} again={list.reload} />}
      {!(identities && providers) && !list.problem && <Waiting />}
      {problem && providers && (
        <ProviderProblem code={problem} provider={provider} providers={providers} />
      )}
      {isConnected(linked) && (
        <p class="notice good" role="status">
          {labelOf(linked, providers)} is connected. You can sign in with it.
        </p>
      )}
      {identities && (
        <ul class="list">
          {identities.map((identity) => (
            <IdentityEntry
              key={identity.id}
              identity={identity}
              isOnlyWay={isOnlyWay(factors, identities)}
              changed={async () => {
                await list.reload()
                changed()
              }}
            />
          ))}
        </ul>
      )}
      {mayConnect ? (
        identities &&
        providers
          ?.filter(({ name }) => !isConnected(name))
          .map(({ name, label }) => (
            <Act key={name} act={() => stepUp(() => gatepost.identities.connect(name))}>
              Connect {label}
            </Act>
          ))
      ) : (
        <p class="muted">Confirm your email address to connect one.</p>
      )}
    </>
  )
}

type Identity = Awaited<ReturnType<typeof gatepost.identities.list>>['identities'][number]

/** Whether an account has one usable identity and nothing else to sign in with. */
const isOnlyWay = ({ has_password, passkeys }: Factors, identities: Identity[]) =>
  !has_password && passkeys === 0 && identities.filter(({ usable }) => usable).length === 1

interface EntryProps {
  identity: Identity
  isOnlyWay: boolean
  changed: () => Promise<void>
}

function IdentityEntry({ identity, isOnlyWay, changed }: EntryProps) {
  const stepUp = useStepUp()
  const { id, label, email, usable } = identity
  return (
    <li class="entry">
      <div>
        <strong>{label}</strong> {!usable && <span class="badge warn">no longer offered</span>}
        <p class="muted">
          {email && <>{email} · </>}Connected <Time at={identity.created_at} />
          {identity.last_used_at && (
            <>
              {' '}
              · Used <Time at={identity.last_used_at} />
            </>
          )}
        </p>
      </div>
      {isOnlyWay && usable ? (
        <p class="muted">
          Your only way to sign in. To disconnect it, <a href="/account/password">set a password</a>{' '}
          or add a passkey first.
        </p>
      ) : (
        <Confirm
          label="Disconnect"
          question={`Disconnect ${label}?`}
          act={async () => {
            await stepUp(() => gatepost.identities.disconnect(id))
            say(`${label} is disconnected.`)
            await changed()
          }}
        >
          <p>
            {email ? `${email} can` : 'It can'} no longer be used to sign in. Your other devices are
            signed out.
          </p>
        </Confirm>
      )}
    </li>
  )
}
