/** Account → Security: passkeys, authenticator app and recovery codes. */
import { useState } from 'preact/hooks'
import type { UserPrivate } from '../../../client'
import { gatepost } from '../../gatepost'
import { useLoad } from '../../ui/load'
import { Page, Trouble, Waiting } from '../../ui/page'
import { Passkeys } from './passkeys'
import { NewCodes, RecoveryCodes } from './recovery-codes'
import { Totp } from './totp'

export function Security({ me }: { me: UserPrivate }) {
  const read = () => gatepost.fetch('GET /api/users/me/factors')
  const factors = useLoad('factors', read, 'always')
  const [codes, setCodes] = useState<string[] | null>(null)
  function changed(recoveryCodes?: string[]) {
    if (recoveryCodes && recoveryCodes.length > 0) setCodes(recoveryCodes)
    void factors.reload()
  }
  if (!me.email_verified) {
    return (
      <Page title="Security" lead="Confirm your email address first.">
        <a class="button" href="/account/email">
          Confirm email
        </a>
      </Page>
    )
  }
  return (
    <Page title="Security" lead="Sign in without a password, or add a second step to it.">
      {factors.problem && <Trouble problem={factors.problem} again={factors.reload} />}
      {!factors.data && !factors.problem && <Waiting />}
      {codes && <NewCodes codes={codes} close={() => setCodes(null)} />}
      {factors.data && (
        <>
          <h2>Passkeys</h2>
          <Passkeys changed={changed} />
          <h2>Authenticator app</h2>
          <Totp isOn={factors.data.totp} changed={changed} />
          {(factors.data.totp || factors.data.passkeys > 0) && (
            <>
              <h2>Recovery codes</h2>
              <RecoveryCodes left={factors.data.recovery_codes_left} made={changed} />
            </>
          )}
        </>
      )}
    </Page>
  )
}
