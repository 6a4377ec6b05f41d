/** Account → Security: passkeys, authenticator app, recovery codes and connected accounts. */
import { useState } from 'preact/hooks'
import type { UserPrivate } from '../../../client'
import { type Factors, WithFactors } from '../../ui/factors'
import { Page } from '../../ui/page'
import { Identities } from './identities'
import { Passkeys } from './passkeys'
import { NewCodes, RecoveryCodes } from './recovery-codes'
import { Totp } from './totp'

export const Security = ({ me }: { me: UserPrivate }) => (
  <Page title="Security" lead="Sign in without a password, or add a second step to it.">
    <WithFactors>
      {(factors, reload) => (
        <>
          {me.email_verified ? (
            <SecondFactors factors={factors} reload={reload} />
          ) : (
            <>
              <p>Passkeys and an authenticator app need a confirmed email address.</p>
              <a class="button" href="/account/email">
                Confirm email
              </a>
            </>
          )}
          <Identities
            factors={factors}
            mayConnect={me.email_verified}
            changed={() => void reload()}
          />
        </>
      )}
    </WithFactors>
  </Page>
)

interface SecondFactorsProps {
  factors: Factors
  reload: () => Promise<void>
}

function SecondFactors({ factors, reload }: SecondFactorsProps) {
  const [codes, setCodes] = useState<string[] | null>(null)
  function changed(recoveryCodes?: string[]) {
    if (recoveryCodes && recoveryCodes.length > 0) setCodes(recoveryCodes)
    void reload()
  }
  return (
    <>
      {codes && <NewCodes codes={codes} close={() => setCodes(null)} />}
      <h2>Passkeys</h2>
      <Passkeys changed={changed} />
      <h2>Authenticator app</h2>
      <Totp isOn={factors.totp} changed={changed} />
      {(factors.totp || factors.passkeys > 0) && (
        <>
          <h2>Recovery codes</h2>
          <RecoveryCodes left={factors.recovery_codes_left} made={changed} />
        </>
      )}
    </>
  )
}
