// Generated from the OpenAPI document by scripts/build/client-types.mjs: npm run types

export interface AdminEvent {
  id: number
  type:
    | 'registered'
    | 'login'
    | 'login_failed'
    | 'login_refused'
    | 'refresh_reused'
    | 'refresh_repeated'
    | 'logout'
    | 'session_ended'
    | 'sessions_ended'
    | 'password_changed'
    | 'password_reset_requested'
    | 'password_reset'
    | 'password_rejected'
    | 'email_verified'
    | 'email_change_requested'
    | 'email_changed'
    | 'username_changed'
    | 'avatar_changed'
    | 'role_changed'
    | 'disabled'
    | 'enabled'
    | 'exported'
    | 'deleted'
    | 'second_factor_required'
    | 'second_factor_failed'
    | 'confirmed'
    | 'passkey_added'
    | 'passkey_removed'
    | 'passkey_counter_fell'
    | 'totp_enabled'
    | 'totp_disabled'
    | 'recovery_codes_made'
    | 'recovery_code_used'
    | 'factors_removed'
    | 'identity_linked'
    | 'identity_unlinked'
    | 'app_authorized'
    | 'app_revoked'
    | 'token_made'
    | 'token_ended'
    | 'sign_in_link_requested'
  /** RFC 3339, UTC */
  at: string
  session_id: string | null
  location: string | null
  user_id: number
}

export interface AdminEventList {
  events: AdminEvent[]
  next_cursor: string | null
}

/**
 * AuthenticationResponseJSON of WebAuthn. Further members, such as
 * `clientExtensionResults`, are ignored.
 */
export interface AssertionCredential {
  id: string
  rawId: string
  type: 'public-key'
  response: {
    clientDataJSON: string
    authenticatorData: string
    signature: string
    userHandle?: string | null | undefined
  }
}

export interface AuthorizationServerMetadata {
  issuer: string
  token_endpoint: string
  revocation_endpoint: string
  jwks_uri: string
  scopes_supported: string[]
  response_types_supported: string[]
  grant_types_supported: string[]
  token_endpoint_auth_methods_supported: string[]
  revocation_endpoint_auth_methods_supported: string[]
  service_documentation: string
}

export interface BrowserSession {
  access_token: string
  token_type: 'bearer'
  /** Seconds */
  expires_in: number
  scope: string
  user: UserPrivate
}

export interface CallbackForm {
  code?: string | undefined
  state?: string | undefined
  iss?: string | undefined
  error?: string | undefined
  /** Apple sends it at the first sign-in only: the name as JSON */
  user?: string | undefined
  /** Set when the page of the first response sends the form again */
  again?: string | undefined
}

export type Confirmation =
  | {
      password: string
    }
  | {
      /** The 6 digits of an authenticator app, or a recovery code; spaces do not matter */
      code: string
    }
  | {
      credential: AssertionCredential
    }

export interface Confirmed {
  access_token: string
  token_type: 'bearer'
  /** Seconds */
  expires_in: number
  scope: string
}

export interface Credentials {
  /** The email address, or the username */
  login: string
  password: string
}

export interface Deletion {
  /** May be left out within 5 minutes of a sign-in or confirmation */
  password?: string | undefined
}

export interface EmailChange {
  email: string
  /** May be left out within 5 minutes of a sign-in or confirmation */
  password?: string | undefined
}

export interface EmailSignIn {
  /** Whether this service mails sign-in links */
  available: boolean
}

export type Empty = Record<string, never>

export interface Event {
  id: number
  type:
    | 'registered'
    | 'login'
    | 'login_failed'
    | 'login_refused'
    | 'refresh_reused'
    | 'refresh_repeated'
    | 'logout'
    | 'session_ended'
    | 'sessions_ended'
    | 'password_changed'
    | 'password_reset_requested'
    | 'password_reset'
    | 'password_rejected'
    | 'email_verified'
    | 'email_change_requested'
    | 'email_changed'
    | 'username_changed'
    | 'avatar_changed'
    | 'role_changed'
    | 'disabled'
    | 'enabled'
    | 'exported'
    | 'deleted'
    | 'second_factor_required'
    | 'second_factor_failed'
    | 'confirmed'
    | 'passkey_added'
    | 'passkey_removed'
    | 'passkey_counter_fell'
    | 'totp_enabled'
    | 'totp_disabled'
    | 'recovery_codes_made'
    | 'recovery_code_used'
    | 'factors_removed'
    | 'identity_linked'
    | 'identity_unlinked'
    | 'app_authorized'
    | 'app_revoked'
    | 'token_made'
    | 'token_ended'
    | 'sign_in_link_requested'
  /** RFC 3339, UTC */
  at: string
  session_id: string | null
  location: string | null
}

export interface EventList {
  events: Event[]
  next_cursor: string | null
}

export interface Export {
  /** RFC 3339, UTC */
  exported_at: string
  profile: UserPrivate
  sessions: Array<{
    id: string
    client_id: string
    scope: string
    /** RFC 3339, UTC */
    created_at: string
    /** RFC 3339, UTC */
    last_used_at: string
    /** RFC 3339, UTC */
    expires_at: string
    user_agent: string | null
    location: string | null
  }>
  /** Mailed links that have not been used */
  links: Array<{
    purpose: 'verify' | 'reset' | 'change' | 'sign-in'
    email: string
    /** RFC 3339, UTC */
    created_at: string
    /** RFC 3339, UTC */
    expires_at: string
  }>
  passkeys: Passkey[]
  identities: Array<{
    id: string
    provider: string
    /** The name of the provider */
    label: string
    /** The address that the provider stated last */
    email: string | null
    /** RFC 3339, UTC */
    created_at: string
    /** RFC 3339, UTC */
    last_used_at: string | null
    /** False: this service no longer has the provider */
    usable: boolean
    issuer: string
    subject: string
  }>
  /** Oldest first */
  posts: Array<{
    id: number
    title: string
    content: string
    visibility: 'public' | 'private'
    /** RFC 3339, UTC */
    created_at: string
    /** RFC 3339, UTC */
    updated_at: string
  }>
  /** Of the last 90 days, oldest first */
  events: Event[]
}

export interface Factors {
  /** An authenticator app is set up */
  totp: boolean
  passkeys: number
  /** At two or fewer, offer to make new ones */
  recovery_codes_left: number
  has_password: boolean
  /** Connected accounts at identity providers */
  identities: number
}

export interface FieldError {
  /** JSON Pointer to the member (RFC 6901), as a URI fragment */
  pointer: string
  detail: string
}

export interface Forgotten {
  email: string
}

export interface Health {
  status: 'ok'
  /** Cloudflare's id of the version that answers; null outside Cloudflare */
  version: string | null
}

export interface Identity {
  id: string
  provider: string
  /** The name of the provider */
  label: string
  /** The address that the provider stated last */
  email: string | null
  /** RFC 3339, UTC */
  created_at: string
  /** RFC 3339, UTC */
  last_used_at: string | null
  /** False: this service no longer has the provider */
  usable: boolean
}

export interface IdentityList {
  /** All of them, oldest first: 20 at most */
  identities: Identity[]
  /** There is no further page */
  next_cursor: null
}

export interface IdentityRegistration {
  /** From the fragment of `/welcome` */
  registration: string
  username: string
  /** Instead of the address that the provider stated; required if it stated none */
  email?: string | undefined
  full_name?: string | null | undefined
}

export interface JwkSet {
  keys: Array<{
    kty: string
    kid: string
    alg: string
    use: 'sig'
    [member: string]: unknown
  }>
}

export interface LinkPreview {
  username: string
  /** `verify`: confirms the address of the account; `change`: gives it a new one */
  purpose: 'verify' | 'change'
}

export interface LinkUse {
  /** The `token` in the fragment of the mailed link */
  token: string
}

export interface Message {
  message: string
}

export interface NewPost {
  title: string
  content: string
  /** `private`: for its author alone. New posts are public by default. */
  visibility?: 'public' | 'private' | undefined
}

export interface OAuthError {
  error:
    | 'invalid_request'
    | 'invalid_client'
    | 'invalid_grant'
    | 'unsupported_grant_type'
    | 'invalid_scope'
    | 'mfa_required'
  error_description: string
  /** Of `mfa_required`: the token of the second step */
  mfa_token?: string | undefined
  /** The same, under the name of OAuth 2.0 for First-Party Applications */
  auth_session?: string | undefined
  /** Of `mfa_required`: how the user can continue */
  methods?: Array<'totp' | 'passkey' | 'recovery'> | undefined
}

export interface OAuthTokenForm {
  /**
   * `password`, `refresh_token` or `urn:gatepost:params:oauth:grant-type:second-factor`
   */
  grant_type?: string | undefined
  /** Email address or username */
  username?: string | undefined
  password?: string | undefined
  refresh_token?: string | undefined
  /** Of an error `mfa_required` */
  mfa_token?: string | undefined
  /** A code that completes the sign-in of an account with a second factor */
  otp?: string | undefined
  scope?: string | undefined
  /** Clients are public: no secret */
  client_id?: string | undefined
  client_secret?: string | undefined
}

export interface Passkey {
  /** The credential id, in base64url */
  id: string
  name: string
  /** RFC 3339, UTC */
  created_at: string
  /** RFC 3339, UTC */
  last_used_at: string | null
  /** A copy is kept by its provider, for other devices */
  synced: boolean
  transports: string[]
  /** The domain that it works for */
  rp_id: string
  /** False: this service now uses another domain */
  usable: boolean
}

export interface PasskeyChange {
  name: string
}

/**
 * For `PublicKeyCredential.parseCreationOptionsFromJSON()` (WebAuthn Level 3 §5.1.8)
 */
export interface PasskeyCreationOptions {
  rp: {
    id: string
    name: string
  }
  user: {
    id: string
    name: string
    displayName: string
  }
  /** Works once, for 5 minutes */
  challenge: string
  pubKeyCredParams: Array<{
    type: 'public-key'
    /** COSE algorithm */
    alg: number
  }>
  /** Milliseconds */
  timeout: number
  excludeCredentials: Array<{
    type: 'public-key'
    id: string
    transports: string[]
  }>
  authenticatorSelection: {
    residentKey: 'required'
    requireResidentKey: true
    userVerification: 'required'
  }
  attestation: 'none'
}

export interface PasskeyList {
  /** All of them, oldest first: 20 at most */
  passkeys: Passkey[]
  /** The domain of new passkeys */
  rp_id: string
  /** The `userId` of `PublicKeyCredential.signalAllAcceptedCredentials()` */
  user_handle: string
  /** There is no further page */
  next_cursor: null
}

export interface PasskeyRegistration {
  credential: RegistrationCredential
  /** Default: a name by the kind of passkey */
  name?: string | undefined
}

/**
 * For `PublicKeyCredential.parseRequestOptionsFromJSON()` (WebAuthn Level 3 §5.1.9)
 */
export interface PasskeyRequestOptions {
  /** Works once, for 5 minutes */
  challenge: string
  /** Milliseconds */
  timeout: number
  rpId: string
  allowCredentials: Array<{
    type: 'public-key'
    id: string
    transports: string[]
  }>
  userVerification: 'required'
}

export interface PasskeySignIn {
  credential: AssertionCredential
}

export interface PasswordChange {
  /** May be left out within 5 minutes of a sign-in or confirmation */
  current_password?: string | undefined
  new_password: string
}

export interface PasswordReset {
  /** The `token` in the fragment of the mailed link */
  token: string
  new_password: string
}

export interface Post {
  id: number
  title: string
  content: string
  /**
   * Only in a list with `view=excerpt`: `content` is no more than the first 400
   * characters.
   */
  excerpt?: true | undefined
  /** A private post exists for its author alone: for all others it is 404. */
  visibility: 'public' | 'private'
  /** RFC 3339, UTC */
  created_at: string
  /** RFC 3339, UTC */
  updated_at: string
  author: UserPublic
}

export interface PostChanges {
  title?: string | undefined
  content?: string | undefined
  visibility?: 'public' | 'private' | undefined
}

export interface PostPage {
  posts: Post[]
  /** null: this is the last page */
  next_cursor: string | null
}

export interface Problem {
  /** Identifies the type of problem; stable */
  type: string
  title: string
  status: number
  /** A sentence for a person */
  detail: string
  request_id: string
  /** For a 422: each invalid field and the rule it breaks */
  errors?: FieldError[] | undefined
  /** Of `second-factor-required`: the token of the second step */
  pending_token?: string | undefined
  /** Of `second-factor-required`: how the user can continue */
  methods?: Array<'totp' | 'passkey' | 'recovery'> | undefined
  /** Of `second-factor-required`: the lifetime of the token in seconds */
  expires_in?: number | undefined
}

export interface ProfileChange {
  username?: string | undefined
  full_name?: string | null | undefined
}

export interface ProviderList {
  providers: Array<{
    /** The name of the provider in PROVIDERS */
    name: string
    /** The name for people */
    label: string
  }>
}

export interface Ready {
  status: 'ok'
}

export interface RecoveryCodes {
  /** Each works once in place of a code of the app. They are not shown again */
  recovery_codes: string[]
}

export interface Redirect {
  /** Send the browser there: `location.href` */
  redirect_to: string
}

export interface RegisteredPasskey {
  /** The credential id, in base64url */
  id: string
  name: string
  /** RFC 3339, UTC */
  created_at: string
  /** RFC 3339, UTC */
  last_used_at: string | null
  /** A copy is kept by its provider, for other devices */
  synced: boolean
  transports: string[]
  /** The domain that it works for */
  rp_id: string
  /** False: this service now uses another domain */
  usable: boolean
  /** Shown once; null: the account had a second factor before */
  recovery_codes: string[] | null
}

export interface Registration {
  username: string
  email: string
  password: string
  full_name?: string | null | undefined
}

/**
 * RegistrationResponseJSON of WebAuthn. Further members, such as
 * `clientExtensionResults`, are ignored.
 */
export interface RegistrationCredential {
  id: string
  rawId: string
  type: 'public-key'
  response: {
    clientDataJSON: string
    attestationObject: string
    transports?: string[] | undefined
  }
}

export interface RelatedOrigins {
  origins: string[]
}

export interface RevocationForm {
  /** A refresh token or an access token */
  token?: string | undefined
  token_type_hint?: string | undefined
  client_id?: string | undefined
  client_secret?: string | undefined
}

export type SecondFactor =
  | {
      /** Of a problem `second-factor-required` */
      pending_token: string
      /** The 6 digits of an authenticator app, or a recovery code; spaces do not matter */
      code: string
    }
  | {
      /** Of a problem `second-factor-required` */
      pending_token: string
      credential: AssertionCredential
    }

export interface Session {
  id: string
  /** RFC 3339, UTC */
  created_at: string
  /** The day on which it was last refreshed */
  last_used_at: string
  /** The day on which it ends unless it is refreshed */
  expires_at: string
  user_agent: string | null
  location: string | null
  /** The session of the request */
  current: boolean
}

export interface SessionList {
  sessions: Session[]
  next_cursor: string | null
}

export interface SignInLinkRequest {
  email: string
}

export interface SignInLinkSent {
  message: string
  /**
   * Show it. Another browser that opens the link needs it; this one is known by a cookie.
   */
  code: string
}

export interface SignInLinkUse {
  /** The `token` in the fragment of the mailed link */
  token: string
  /** Of the browser that requested the link; spaces and dashes do not matter */
  code?: string | undefined
}

export interface Token {
  access_token: string
  token_type: 'bearer'
  /** Seconds */
  expires_in: number
  refresh_token: string
  scope: string
}

export interface TokenForm {
  /** The email address, or the username */
  username: string
  password: string
  grant_type?: 'password' | '' | undefined
  /** Space-separated; all that the role allows by default */
  scope?: string | undefined
  client_id?: string | undefined
  client_secret?: string | undefined
  /** A code that completes the sign-in of an account with a second factor */
  otp?: string | undefined
}

export interface TotpCode {
  code: string
}

export interface TotpSetup {
  /** For an app that cannot scan: 32 characters of base32 */
  secret: string
  /** The text of the QR code */
  uri: string
}

export interface UserChange {
  role?: 'user' | 'admin' | undefined
  is_active?: boolean | undefined
}

export interface UserFactors {
  /** An authenticator app is set up */
  totp: boolean
  passkeys: number
  /** At two or fewer, offer to make new ones */
  recovery_codes_left: number
  has_password: boolean
  identities: Identity[]
}

export interface UserList {
  users: UserPrivate[]
  next_cursor: string | null
}

export interface UserPrivate {
  id: number
  username: string
  full_name: string | null
  /** The picture; null: none */
  image_url: string | null
  /** RFC 3339, UTC */
  created_at: string
  email: string
  email_verified: boolean
  role: 'user' | 'admin'
  is_active: boolean
}

export interface UserPublic {
  id: number
  username: string
  full_name: string | null
  /** The picture; null: none */
  image_url: string | null
  /** RFC 3339, UTC */
  created_at: string
}

/** The code of a problem: the last part of its `type`. */
export type ProblemCode =
  | 'avatar-not-found'
  | 'busy'
  | 'cross-site'
  | 'email-not-verified'
  | 'email-taken'
  | 'idempotency-key-reused'
  | 'identity-not-found'
  | 'identity-rejected'
  | 'identity-taken'
  | 'insufficient-scope'
  | 'internal'
  | 'invalid-access-token'
  | 'invalid-credentials'
  | 'invalid-request'
  | 'invalid-token'
  | 'last-admin'
  | 'last-way-in'
  | 'link-code-required'
  | 'malformed-request'
  | 'misconfigured'
  | 'no-second-factor'
  | 'not-found'
  | 'not-ready'
  | 'not-the-author'
  | 'passkey-not-found'
  | 'passkey-rejected'
  | 'passkey-taken'
  | 'passkey-unknown'
  | 'pending-ended'
  | 'post-not-found'
  | 'precondition-failed'
  | 'provider-unavailable'
  | 'provider-unknown'
  | 'registration-ended'
  | 'request-timeout'
  | 'second-factor-required'
  | 'session-ended'
  | 'session-not-found'
  | 'step-up-required'
  | 'too-large'
  | 'too-many-attempts'
  | 'too-many-identities'
  | 'too-many-passkeys'
  | 'too-many-requests'
  | 'totp-enabled'
  | 'totp-not-found'
  | 'unauthenticated'
  | 'unavailable'
  | 'unsupported-media-type'
  | 'user-not-found'
  | 'username-taken'
  | 'wrong-code'
  | 'wrong-password'

/** Every operation: what it takes, and what it resolves to. */
export interface Operations {
  /** The public keys that verify access tokens (RFC 7517); none while HS256 signs */
  'GET /.well-known/jwks.json': {
    answer: JwkSet
  }
  /** Metadata of the authorization server (RFC 8414) */
  'GET /.well-known/oauth-authorization-server': {
    answer: AuthorizationServerMetadata
  }
  /** The origins of ALLOWED_ORIGINS, which may use the passkeys of this domain */
  'GET /.well-known/webauthn': {
    answer: RelatedOrigins
  }
  /** Events of all accounts in the last 90 days, latest first */
  'GET /api/admin/events': {
    query?: {
      /** Only events of this user */
      user_id?: number | undefined
      /**
       * Maximum number of rows. A page also ends before it has more than 512 KiB;
       * `next_cursor` continues it.
       */
      limit?: number | undefined
      /** `next_cursor` of the page before */
      cursor?: string | undefined
    }
    answer: AdminEventList
  }
  /** All users, or those that a search finds, oldest account first */
  'GET /api/admin/users': {
    query?: {
      /** The beginning of a username or email address, or an id */
      q?: string | undefined
      /**
       * Maximum number of rows. A page also ends before it has more than 512 KiB;
       * `next_cursor` continues it.
       */
      limit?: number | undefined
      /** `next_cursor` of the page before */
      cursor?: string | undefined
    }
    answer: UserList
  }
  /** Change the role of a user, or disable or enable an account */
  'PATCH /api/admin/users/{id}': {
    path: {
      id: number
    }
    body: UserChange
    answer: UserPrivate
  }
  /** How a user can sign in */
  'GET /api/admin/users/{id}/factors': {
    path: {
      id: number
    }
    answer: UserFactors
  }
  /** Remove the second factors of a user who has lost them; the user gets a mail */
  'POST /api/admin/users/{id}/factors/removal': {
    path: {
      id: number
    }
    answer: undefined
  }
  /** End all sessions of a user */
  'DELETE /api/admin/users/{id}/sessions': {
    path: {
      id: number
    }
    answer: undefined
  }
  /** The identity providers that users can sign in with */
  'GET /api/identity-providers': {
    answer: ProviderList
  }
  /** Make an account for a new user of an identity provider, and sign in */
  'POST /api/identity-providers/{provider}/registration': {
    path: {
      /** The name of the provider in PROVIDERS */
      provider: string
    }
    body: IdentityRegistration
    answer: BrowserSession
  }
  /** Options for navigator.credentials.get(), to sign in or as a second factor */
  'POST /api/passkeys/sign-in-options': {
    answer: PasskeyRequestOptions
  }
  /**
   * Public posts of all users, newest first; or those that match a search, best first
   */
  'GET /api/posts': {
    query?: {
      /**
       * Maximum number of rows. A page also ends before it has more than 512 KiB;
       * `next_cursor` continues it.
       */
      limit?: number | undefined
      /** `next_cursor` of the page before */
      cursor?: string | undefined
      /**
       * `excerpt`: `content` is cut after 400 characters, and such posts have `excerpt: true`.
       */
      view?: 'full' | 'excerpt' | undefined
      /** Only the posts of this user */
      author?: number | undefined
      /**
       * At most 8 words that a public post must have, in its title or content. A word is a run
       * of letters and digits; quotes have no meaning. Case and diacritics do not matter.
       * Posts with all words in the title come first, the newest of each kind before the
       * older.
       */
      q?: string | undefined
    }
    answer: PostPage
  }
  /** Write a post */
  'POST /api/posts': {
    headers?: {
      /**
       * Sent again within 24 hours with the same body, it creates no second post, not even if
       * the first was deleted since
       */
      'Idempotency-Key'?: string | undefined
    }
    body: NewPost
    answer: Post
  }
  /** A post */
  'GET /api/posts/{id}': {
    path: {
      id: number
    }
    answer: Post
  }
  /** Replace title and content of a post of my own */
  'PUT /api/posts/{id}': {
    path: {
      id: number
    }
    headers?: {
      /** ETag of the version that the change is meant for: 412 when it is not current */
      'If-Match'?: string | undefined
    }
    body: NewPost
    answer: Post
  }
  /** Change title, content or visibility of a post of my own */
  'PATCH /api/posts/{id}': {
    path: {
      id: number
    }
    headers?: {
      /** ETag of the version that the change is meant for: 412 when it is not current */
      'If-Match'?: string | undefined
    }
    body: PostChanges
    answer: Post
  }
  /** Delete a post of my own; as an admin, with the scope admin, any public one */
  'DELETE /api/posts/{id}': {
    path: {
      id: number
    }
    headers?: {
      /** ETag of the version that the change is meant for: 412 when it is not current */
      'If-Match'?: string | undefined
    }
    answer: undefined
  }
  /** Sign in from a browser; replaces the session of the cookie */
  'POST /api/session': {
    body: Credentials
    answer: BrowserSession
  }
  /** Sign out: the session of the cookie ends, the cookie goes */
  'DELETE /api/session': {
    answer: undefined
  }
  /** Confirm my identity before an act that requires a recent authentication */
  'POST /api/session/confirm': {
    body: Confirmation
    answer: Confirmed
  }
  /** Options for navigator.credentials.get(), to confirm my identity with a passkey */
  'POST /api/session/confirm/options': {
    answer: PasskeyRequestOptions
  }
  /** Whether users can sign in with a mailed link */
  'GET /api/session/email': {
    answer: EmailSignIn
  }
  /** Ask for a mailed link that signs in */
  'POST /api/session/email': {
    body: SignInLinkRequest
    answer: SignInLinkSent
  }
  /** Sign in from a browser with a mailed link; replaces the session of the cookie */
  'POST /api/session/email/use': {
    body: SignInLinkUse
    answer: BrowserSession
  }
  /** Complete a sign-in with a second factor; replaces the session of the cookie */
  'POST /api/session/factor': {
    body: SecondFactor
    answer: BrowserSession
  }
  /** Sign in from a browser with a passkey; replaces the session of the cookie */
  'POST /api/session/passkey': {
    body: PasskeySignIn
    answer: BrowserSession
  }
  /** A new access token for the session of the cookie */
  'POST /api/session/refresh': {
    body?: Empty | undefined
    answer: BrowserSession
  }
  /** Make an account */
  'POST /api/users': {
    body: Registration
    answer: UserPrivate
  }
  /** Ask for a link to choose a new password */
  'POST /api/users/forgot-password': {
    body: Forgotten
    answer: Message
  }
  /** The account of the caller */
  'GET /api/users/me': {
    answer: UserPrivate
  }
  /** Change my username or full name */
  'PATCH /api/users/me': {
    body: ProfileChange
    answer: UserPrivate
  }
  /** Set my picture */
  'PUT /api/users/me/avatar': {
    body: Blob
    answer: UserPrivate
  }
  /** Remove my picture */
  'DELETE /api/users/me/avatar': {
    answer: undefined
  }
  /** Delete the account and everything that belongs to it, for good */
  'POST /api/users/me/deletion': {
    body: Deletion
    answer: undefined
  }
  /**
   * Request a change of the email address; nothing changes before the mailed link is used
   */
  'PUT /api/users/me/email': {
    body: EmailChange
    answer: Message
  }
  /** Events of my account in the last 90 days */
  'GET /api/users/me/events': {
    query?: {
      /**
       * Maximum number of rows. A page also ends before it has more than 512 KiB;
       * `next_cursor` continues it.
       */
      limit?: number | undefined
      /** `next_cursor` of the page before */
      cursor?: string | undefined
    }
    answer: EventList
  }
  /** Everything that is stored about me, as one file */
  'GET /api/users/me/export': {
    answer: Export
  }
  /** How I can sign in */
  'GET /api/users/me/factors': {
    answer: Factors
  }
  /** My connected accounts at identity providers */
  'GET /api/users/me/identities': {
    answer: IdentityList
  }
  /** Connect an account at an identity provider */
  'POST /api/users/me/identities/{id}': {
    path: {
      /** The name of the provider in PROVIDERS */
      id: string
    }
    answer: Redirect
  }
  /** Disconnect an account at an identity provider; every other session ends */
  'DELETE /api/users/me/identities/{id}': {
    path: {
      id: string
    }
    answer: undefined
  }
  /** My passkeys */
  'GET /api/users/me/passkeys': {
    answer: PasskeyList
  }
  /** Add a passkey; every other session ends */
  'POST /api/users/me/passkeys': {
    body: PasskeyRegistration
    answer: RegisteredPasskey
  }
  /** Options for navigator.credentials.create(), to add a passkey */
  'POST /api/users/me/passkeys/options': {
    answer: PasskeyCreationOptions
  }
  /** Rename one of my passkeys */
  'PATCH /api/users/me/passkeys/{id}': {
    path: {
      id: string
    }
    body: PasskeyChange
    answer: Passkey
  }
  /** Remove one of my passkeys; every other session ends */
  'DELETE /api/users/me/passkeys/{id}': {
    path: {
      id: string
    }
    answer: undefined
  }
  /** Change the password, or set the first one; every other session ends */
  'PUT /api/users/me/password': {
    body: PasswordChange
    answer: undefined
  }
  /** Make ten new recovery codes; the former ones become void */
  'POST /api/users/me/recovery-codes': {
    answer: RecoveryCodes
  }
  /** Where I am signed in */
  'GET /api/users/me/sessions': {
    query?: {
      /**
       * Maximum number of rows. A page also ends before it has more than 512 KiB;
       * `next_cursor` continues it.
       */
      limit?: number | undefined
      /** `next_cursor` of the page before */
      cursor?: string | undefined
    }
    answer: SessionList
  }
  /** Sign all my sessions out but this one */
  'DELETE /api/users/me/sessions': {
    answer: undefined
  }
  /** Sign one of my sessions out */
  'DELETE /api/users/me/sessions/{id}': {
    path: {
      id: string
    }
    answer: undefined
  }
  /** Start to set up an authenticator app; nothing changes before its first code */
  'POST /api/users/me/totp': {
    answer: TotpSetup
  }
  /** Remove the authenticator app; other sign-ins end */
  'DELETE /api/users/me/totp': {
    answer: undefined
  }
  /** Enable the authenticator app with its first code; other sign-ins end */
  'POST /api/users/me/totp/confirm': {
    body: TotpCode
    answer: RecoveryCodes
  }
  /** Resend the link that confirms the email address */
  'POST /api/users/me/verify-email': {
    answer: Message
  }
  /** Choose a new password with a mailed link; all sessions end; sign in afterwards */
  'POST /api/users/reset-password': {
    body: PasswordReset
    answer: undefined
  }
  /** Sign in with a form (OAuth2PasswordRequestForm) */
  'POST /api/users/token': {
    form: TokenForm
    answer: Token
  }
  /** Use a mailed link: confirm an address, or change to a new one */
  'POST /api/users/verify-email': {
    body: LinkUse
    answer: undefined
  }
  /** Void a mailed link: the recipient did not ask for it */
  'POST /api/users/verify-email/disown': {
    body: LinkUse
    answer: undefined
  }
  /** The account that a mailed link is about; the link stays unused */
  'POST /api/users/verify-email/preview': {
    body: LinkUse
    answer: LinkPreview
  }
  /** The public profile of a user */
  'GET /api/users/{id}': {
    path: {
      id: number
    }
    answer: UserPublic
  }
  /** The posts of a user, newest first */
  'GET /api/users/{id}/posts': {
    path: {
      id: number
    }
    query?: {
      /**
       * Maximum number of rows. A page also ends before it has more than 512 KiB;
       * `next_cursor` continues it.
       */
      limit?: number | undefined
      /** `next_cursor` of the page before */
      cursor?: string | undefined
      /**
       * `excerpt`: `content` is cut after 400 characters, and such posts have `excerpt: true`.
       */
      view?: 'full' | 'excerpt' | undefined
    }
    answer: PostPage
  }
  /** A picture. Its address never shows another one */
  'GET /avatars/{name}': {
    path: {
      name: string
    }
    answer: Blob
  }
  /** The Worker answers, and which version of it; no database, no hash */
  'GET /health': {
    answer: Health
  }
  /** End the session of a token (RFC 7009) */
  'POST /oauth/revoke': {
    form: RevocationForm
    answer: undefined
  }
  /** The token endpoint of RFC 6749: password, refresh_token and second factor */
  'POST /oauth/token': {
    form: OAuthTokenForm
    answer: Token
  }
  /** This document: OpenAPI 3.1 */
  'GET /openapi.json': {
    answer: Record<string, unknown>
  }
  /**
   * The database answers and behaves as expected, its migrations are current, a password
   * can be hashed and checked
   */
  'GET /ready': {
    answer: Ready
  }
}
