/** All account routes. */
import { readFactors } from '../credentials/factors-overview'
import { identityRoutes } from '../credentials/identities/routes'
import { passkeyRoutes } from '../credentials/passkeys/routes'
import { changePassword } from '../credentials/password/change'
import { forgotPassword, resetPassword } from '../credentials/password/reset'
import { makeRecoveryCodes } from '../credentials/recovery-codes/routes'
import { totpRoutes } from '../credentials/totp/routes'
import { avatarRoutes } from './avatar/routes'
import { deleteAccount } from './deletion/routes'
import { changeEmail, sendVerification } from './email/routes'
import { verificationRoutes } from './email/verification'
import { exportAccount } from './export/routes'
import { profileRoutes } from './profile/routes'

export const accountRoutes = [
  ...profileRoutes,
  ...verificationRoutes,
  sendVerification,
  changeEmail,
  changePassword,
  forgotPassword,
  resetPassword,
  readFactors,
  ...totpRoutes,
  makeRecoveryCodes,
  exportAccount,
  deleteAccount,
  ...avatarRoutes,
  ...passkeyRoutes,
  ...identityRoutes,
] as const
