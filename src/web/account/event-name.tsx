/** Texts of the event types. A type without a text does not compile. */
import type { Event } from '../../client'

type EventType = Event['type']

const TEXTS: Record<EventType, string> = {
  registered: 'Account created',
  login: 'Signed in',
  login_failed: 'Sign-in failed',
  login_refused: 'Sign-in refused after a correct password',
  refresh_reused: 'Session ended: its token was reused',
  refresh_repeated: 'Refresh token repeated',
  logout: 'Signed out',
  session_ended: 'Session signed out',
  sessions_ended: 'Other sessions signed out',
  password_changed: 'Password changed',
  password_reset_requested: 'Password reset requested',
  password_reset: 'Password reset',
  password_rejected: 'Incorrect password when changing settings',
  email_verified: 'Email confirmed',
  email_change_requested: 'Email change requested',
  email_changed: 'Email changed',
  username_changed: 'Username changed',
  avatar_changed: 'Picture changed',
  role_changed: 'Role changed',
  disabled: 'Account disabled',
  enabled: 'Account re-enabled',
  exported: 'Data exported',
  deleted: 'Account deleted',
  second_factor_required: 'Second factor requested',
  second_factor_failed: 'Incorrect second factor',
  confirmed: 'Identity confirmed',
  passkey_added: 'Passkey added',
  passkey_removed: 'Passkey removed',
  passkey_counter_fell: 'Passkey counter fell: it may have been copied',
  totp_enabled: 'Authenticator app added',
  totp_disabled: 'Authenticator app removed',
  recovery_codes_made: 'Recovery codes created',
  recovery_code_used: 'Recovery code used',
  factors_removed: 'Second factors removed by an admin',
  identity_linked: 'Identity provider connected',
  identity_unlinked: 'Identity provider disconnected',
  app_authorized: 'App authorized',
  app_revoked: 'App access revoked',
  token_made: 'Personal access token created',
  token_ended: 'Personal access token ended',
  sign_in_link_requested: 'Sign-in link requested',
}

/** Shown highlighted. */
const ALARMING = new Set<string>([
  'login_failed',
  'login_refused',
  'refresh_reused',
  'refresh_repeated',
  'password_rejected',
  'disabled',
  'second_factor_failed',
  'passkey_counter_fell',
  'factors_removed',
])

const hasText = (type: string): type is EventType => Object.hasOwn(TEXTS, type)

/** A newer server may send a type that these pages do not know: they show its name. */
export const EventName = ({ type }: { type: string }) => (
  <span class={ALARMING.has(type) ? 'alarming' : undefined}>
    {hasText(type) ? TEXTS[type] : type.replaceAll('_', ' ')}
  </span>
)
