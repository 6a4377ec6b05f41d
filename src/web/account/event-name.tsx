/** Texts of the event types. A newer server's type shows its name. */

const WORDS: Record<string, string> = {
  registered: 'Account made',
  login: 'Signed in',
  login_failed: 'Sign-in failed',
  login_refused: 'Right password, but sign-in refused',
  refresh_reused: 'Session ended: its token was used twice',
  refresh_repeated: 'A refresh token came twice',
  logout: 'Signed out',
  session_ended: 'A session was ended',
  sessions_ended: 'All other sessions were ended',
  password_changed: 'Password changed',
  password_reset_requested: 'A link to set a new password was asked for',
  password_reset: 'Password set through a mailed link',
  password_rejected: 'Wrong password for a change',
  email_verified: 'Address confirmed',
  email_change_requested: 'Change of address asked for',
  email_changed: 'Address changed',
  username_changed: 'Username changed',
  avatar_changed: 'Picture changed',
  role_changed: 'Role changed',
  disabled: 'Account disabled',
  enabled: 'Account enabled again',
  exported: 'Data exported',
  deleted: 'Account deleted',
  second_factor_required: 'Right password, second factor asked for',
  second_factor_failed: 'Second factor wrong',
  confirmed: 'Identity confirmed again',
  passkey_added: 'Passkey added',
  passkey_removed: 'Passkey removed',
  passkey_counter_fell: 'Passkey may have been copied: its counter fell',
  totp_enabled: 'Authenticator app added',
  totp_disabled: 'Authenticator app removed',
  recovery_codes_made: 'Recovery codes made',
  recovery_code_used: 'Recovery code used',
  factors_removed: 'Second factors removed by an admin',
  identity_linked: 'Account of another provider connected',
  identity_unlinked: 'Account of another provider disconnected',
  app_authorized: 'App authorized',
  app_revoked: 'Access of an app revoked',
  token_made: 'Personal access token made',
  token_ended: 'Personal access token ended',
  sign_in_link_requested: 'A link to sign in was asked for',
}
/** Shown highlighted. */
const ALARMING = new Set([
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

export const EventName = ({ type }: { type: string }) => (
  <span class={ALARMING.has(type) ? 'alarming' : undefined}>
    {WORDS[type] ?? type.replaceAll('_', ' ')}
  </span>
)
