/** Account → Security: recovery codes, for sign-ins without the app or passkey. */
import { gatepost } from '../../gatepost'
import { Confirm } from '../../ui/confirm'
import { say } from '../../ui/messages'
import { useStepUp } from '../../ui/step-up'

interface RecoveryCodesProps {
  left: number
  /** Shows the new codes. */
  made: (codes: string[]) => void
}

export function RecoveryCodes({ left, made }: RecoveryCodesProps) {
  const stepUp = useStepUp()
  return (
    <>
      <p>
        {left === 0 ? 'You have no recovery codes.' : `${left} of 10 are unused.`}{' '}
        {left <= 2 && <strong>Create new ones.</strong>}
      </p>
      <Confirm
        label="Create new codes"
        question="Create new recovery codes?"
        class="quiet"
        act={async () => {
          const create = () => gatepost.fetch('POST /api/users/me/recovery-codes')
          const { recovery_codes } = await stepUp(create)
          made(recovery_codes)
        }}
      >
        <p>The former codes stop working.</p>
      </Confirm>
    </>
  )
}

/** The codes, which are shown once. */
export function NewCodes({ codes, close }: { codes: string[]; close: () => void }) {
  const text = codes.join('\n')
  const copy = () =>
    navigator.clipboard
      .writeText(text)
      .then(() => say('Copied.'))
      .catch(() => say('The browser did not allow copying. Select the codes instead.'))
  return (
    <section class="notice good" aria-label="New recovery codes">
      <h2>Save your recovery codes</h2>
      <p>Each works once, without your app or passkey. They are not shown again.</p>
      <pre class="codes">{text}</pre>
      <div class="row">
        <button type="button" class="quiet" onClick={copy}>
          Copy
        </button>
        <a
          class="button quiet"
          download="gatepost-recovery-codes.txt"
          href={`data:text/plain,${encodeURIComponent(`${text}\n`)}`}
        >
          Download
        </a>
        <button type="button" onClick={close}>
          I saved them
        </button>
      </div>
    </section>
  )
}
