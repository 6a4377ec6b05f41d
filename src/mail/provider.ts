import type { Settings } from '../settings'
import { resend } from './resend'
import type { Transport } from './transport'

/** The provider that MAIL_PROVIDER chooses. */
export const transportOf = ({ mail }: Pick<Settings, 'mail'>, binding: Transport): Transport =>
  mail.provider === 'resend' ? resend(mail.apiKey) : binding
