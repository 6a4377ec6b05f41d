/** What the kinds of events are called for people. One that is not here shows its own name. */

const WORDS: Record<string, string> = {
  registered: 'Account made',
  login: 'Signed in',
  login_failed: 'Sign-in failed',
  refresh_reused: 'Session ended: its token was used twice',
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
}
/** Worth a second look. */
const ALARMING = new Set(['login_failed', 'refresh_reused', 'password_rejected', 'disabled'])

export const EventName = ({ type }: { type: string }) => (
  <span class={ALARMING.has(type) ? 'alarming' : undefined}>
    {WORDS[type] ?? type.replaceAll('_', ' ')}
  </span>
)
