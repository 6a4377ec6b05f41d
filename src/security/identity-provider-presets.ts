// The differences between identity providers, as data. Every other provider is an OpenID
// provider whose metadata is read by discovery.

export interface IdentityProvider extends ProviderProfile {
  /** The name in PROVIDERS, in paths and in the names of secrets. */
  name: string
  /** The issuer identifier. Together with the subject it identifies an account at the provider. */
  issuer: string
  clientId: string
  /** The client secret. For Apple, the private key in PEM that signs one for each request. */
  secret: string
  /** Apple only: the team and the id of the key that signs client secrets. */
  apple?: { team: string; keyId: string }
}

/** The differences between providers. */
export interface ProviderProfile {
  /** The name for people. */
  label: string
  /** OpenID Connect, or the OAuth protocol of GitHub, which has no discovery and no ID token. */
  protocol: 'openid' | 'github'
  scope: string
  /** How the response reaches the callback: in the query of a GET, or in the form of a POST. */
  responseMode: 'query' | 'form_post'
  emailProof: EmailProof
}

/**
 * When the address of an identity is proven: never, if the provider states `email_verified: true`,
 * or, as Apple may write it, also `"true"`.
 */
export type EmailProof = 'never' | 'claim' | 'claim-or-text'

/** Any OpenID provider. */
export const OPENID_PROFILE = {
  protocol: 'openid',
  scope: 'openid email profile',
  responseMode: 'query',
  emailProof: 'never',
} as const satisfies Partial<ProviderProfile>

export const PRESETS = {
  google: { ...OPENID_PROFILE, label: 'Google', emailProof: 'claim' },
  github: {
    label: 'GitHub',
    protocol: 'github',
    scope: 'read:user user:email',
    responseMode: 'query',
    emailProof: 'claim',
  },
  // An administrator of a tenant can give its users any address, so none is a proof.
  microsoft: { ...OPENID_PROFILE, label: 'Microsoft' },
  // With these scopes Apple sends its response as a form only.
  apple: {
    ...OPENID_PROFILE,
    label: 'Apple',
    scope: 'openid email name',
    responseMode: 'form_post',
    emailProof: 'claim-or-text',
  },
} as const satisfies Record<string, ProviderProfile>
