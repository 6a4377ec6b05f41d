/** How Gatepost authenticates as a client at the token endpoint of a provider. */
import { SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import type { IdentityProvider } from '../../security/identity-provider-presets'
import { decodePem, secretNameOf } from '../../security/identity-provider-settings'
import { secondsOf } from '../../security/jwt'
import { ConfigurationError } from '../../settings'

/** Seconds for which a client secret of Apple works. Apple allows six months. */
const LIFETIME_SECONDS = 300

export async function clientAuth(
  { name, clientId, secret, apple, issuer }: IdentityProvider,
  { token_endpoint_auth_methods_supported: methods }: oauth.AuthorizationServer,
  now: Date,
): Promise<oauth.ClientAuth> {
  if (apple) {
    const key = await importKey(name, secret)
    return oauth.ClientSecretPost(await appleSecret(key, { ...apple, clientId, issuer, now }))
  }
  // Providers differ in how they decode the header of client_secret_basic (RFC 6749 §2.3.1).
  return methods?.includes('client_secret_post')
    ? oauth.ClientSecretPost(secret)
    : oauth.ClientSecretBasic(secret)
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' }

async function importKey(name: string, pem: string): Promise<CryptoKey> {
  try {
    const pkcs8 = decodePem(pem) ?? new Uint8Array()
    return await crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign'])
  } catch {
    throw new ConfigurationError(
      `Gatepost is not configured: ${secretNameOf(name)} is no private key`,
    )
  }
}

/** A JWT in the place of a client secret, as Apple requires it. */
function appleSecret(
  key: CryptoKey,
  of: { team: string; keyId: string; clientId: string; issuer: string; now: Date },
): Promise<string> {
  const iat = secondsOf(of.now)
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: of.keyId })
    .setIssuer(of.team)
    .setSubject(of.clientId)
    .setAudience(of.issuer)
    .setIssuedAt(iat)
    .setExpirationTime(iat + LIFETIME_SECONDS)
    .sign(key)
}
