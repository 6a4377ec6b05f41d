/**
 * The cookie of a flow at an identity provider: the sealed flow, then the secret that binds the
 * registration of a new user to the same browser.
 */
import { hostCookie } from '../../http/cookie'

export const flowCookie = hostCookie('__Host-gatepost-flow')
