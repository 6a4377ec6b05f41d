/** Checks an assertion and does what a failed check calls for: a log line, an event, a mail. */
import { eq } from 'drizzle-orm'
import type { AnyContext } from '../../context'
import type { Results } from '../../db/batch'
import { recordEvent } from '../../db/events'
import { users } from '../../db/schema'
import { logRejectedPasskey, logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { passkeyCounterFell } from '../../mail/texts'
import type { Account } from '../account'
import { countNotice } from '../mail-limit'
import { isTokenUsed, type Proof, type UsedToken, useToken } from '../proof'
import { type AssertablePasskey, type OpenAssertion, verifyPasskey } from './assertion'

/** The user whose passkey is checked. */
interface Checked {
  account: Account
  /** The session that the user confirms; null at a sign-in. */
  sessionId: string | null
  /** Whether a session or a password has identified the user. */
  isUserKnown: boolean
  /** Sends statements in one round trip. */
  run: (statements: CounterFellStatements) => Promise<Results<CounterFellStatements>>
}

/** The proof of an assertion, or null if it is rejected. A round trip only for a fallen counter. */
export async function checkAssertion(
  c: AnyContext,
  assertion: OpenAssertion,
  passkey: AssertablePasskey | undefined,
  user: Checked,
): Promise<Proof | null> {
  const { account, sessionId, isUserKnown } = user
  const result = passkey
    ? await verifyPasskey(c.var, assertion, passkey, { isUserKnown })
    : ({ kind: 'rejected', reason: 'not-of-user' } as const)
  if (result.kind === 'verified') return result.proof
  if (result.reason === 'counter-fell') await reportCounterFell(c, assertion, user)
  logRejectedPasskey(c, result.reason, { userId: account.id, sessionId: sessionId ?? undefined })
  return null
}

type CounterFellStatements = ReturnType<typeof counterFellStatements>

const counterFellStatements = (
  used: UsedToken,
  { account, sessionId }: Checked,
  { now, location }: { now: Date; location: string | null },
) => ({
  // A replayed assertion has an old counter too, but a used challenge: then D1 undoes the batch.
  challengeUsed: useToken(used),
  recorded: recordEvent({
    userId: account.id,
    type: 'passkey_counter_fell',
    at: now,
    sessionId,
    location,
  }),
  noticed: countNotice('passkey-counter-fell', eq(users.id, account.id), now),
})

/**
 * Records a valid signature with an old counter and mails the owner: the passkey may have been
 * copied (WebAuthn Level 3 §6.1.1). The passkey stays, because its owner decides.
 */
async function reportCounterFell(c: AnyContext, { used }: OpenAssertion, user: Checked) {
  const { now, location, settings } = c.var
  const { account, sessionId, run } = user
  try {
    const { noticed } = await run(counterFellStatements(used, user, { now, location: location() }))
    logSecurity(c, 'passkey_counter_fell', account.id, sessionId ?? undefined)
    if (noticed.length > 0) mailLater(c, passkeyCounterFell(settings.appOrigin, account))
  } catch (error) {
    if (!isTokenUsed(error)) throw error
  }
}
