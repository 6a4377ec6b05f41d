/** Account → Security: the authenticator app (RFC 6238). */
import { useState } from 'preact/hooks'
import { renderSVG } from 'uqr'
import { gatepost } from '../../gatepost'
import { Confirm } from '../../ui/confirm'
import { Field } from '../../ui/fields'
import { Form } from '../../ui/form'
import { say } from '../../ui/messages'
import { useStepUp } from '../../ui/step-up'

interface Setup {
  secret: string
  uri: string
}
interface TotpProps {
  isOn: boolean
  /** Shows new recovery codes, and reads the factors again. */
  changed: (recoveryCodes?: string[]) => void
}

export function Totp({ isOn, changed }: TotpProps) {
  const stepUp = useStepUp()
  const [setup, setSetup] = useState<Setup | null>(null)
  const [trouble, setTrouble] = useState('')
  if (isOn) {
    return (
      <>
        <p>
          <span class="badge good">on</span> Sign-ins ask for a code of your app.
        </p>
        <Confirm
          label="Remove the app"
          question="Remove the authenticator app?"
          act={async () => {
            await stepUp(() => gatepost.fetch('DELETE /api/users/me/totp'))
            say('Authenticator app removed.')
            changed()
          }}
        >
          <p>Signing in will need no code any more, and your other devices are signed out.</p>
        </Confirm>
      </>
    )
  }
  if (setup) {
    return (
      <Enrolment
        setup={setup}
        done={(codes) => {
          setSetup(null)
          say('Authenticator app added.')
          changed(codes)
        }}
      />
    )
  }
  const begin = () =>
    stepUp(() => gatepost.fetch('POST /api/users/me/totp'))
      .then(setSetup)
      .catch((error: Error) => setTrouble(error.message))
  return (
    <>
      <p>An app on your phone shows a new code every 30 seconds.</p>
      {trouble && (
        <p class="notice danger" role="alert">
          {trouble}
        </p>
      )}
      <button type="button" onClick={begin}>
        Add an authenticator app
      </button>
    </>
  )
}

interface EnrolmentProps {
  setup: Setup
  done: (recoveryCodes: string[]) => void
}

function Enrolment({ setup: { secret, uri }, done }: EnrolmentProps) {
  const stepUp = useStepUp()
  return (
    <Form
      label="Turn on"
      submit={async ({ code = '' }) => {
        const confirm = () => gatepost.fetch('POST /api/users/me/totp/confirm', { body: { code } })
        const { recovery_codes } = await stepUp(confirm)
        done(recovery_codes)
      }}
    >
      <p>Scan this code with your app, or enter the key by hand.</p>
      <img
        class="qr"
        alt="QR code of the key"
        src={`data:image/svg+xml,${encodeURIComponent(renderSVG(uri, { border: 2 }))}`}
      />
      <p>
        <code class="secret">{secret.match(/.{1,4}/g)?.join(' ')}</code>
      </p>
      <Field
        name="code"
        label="Code of the app"
        hint="6 digits. The next sign-in needs a later code: wait up to 30 seconds."
        required
        autoComplete="one-time-code"
        spellcheck={false}
      />
    </Form>
  )
}
