/**
 * The reference model of accounts and sessions: the rules of the documents as plain data, without
 * HTTP, SQL or cryptography. `sessions.test.ts` compares it with the Worker.
 */

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE
const ACCESS_LIFETIME = 15 * MINUTE
const IDLE_LIFETIME = 30 * DAY
const MAX_LIFETIME = 90 * DAY
const REPEAT_WINDOW = 10 * SECOND
const MAX_REPEATS = 16
export const MAX_SESSIONS = 100

export interface ModelSession {
  id: string
  user: ModelUser
  clientId: string
  /** The number of the current refresh token. */
  counter: number
  rotatedAt: number
  repeats: number
  createdAt: number
  expiresAt: number
  hasEnded: boolean
}

export interface ModelUser {
  id: number
  username: string
  email: string
  password: string
  isAdmin: boolean
  isActive: boolean
  isDeleted: boolean
  /** Sign-ins that failed because the account is disabled or deleted. */
  failures: number
  sessions: ModelSession[]
}

export interface AccessToken {
  session: ModelSession
  text: string
  expiresAt: number
}
export interface RefreshToken {
  session: ModelSession
  counter: number
  text: string
}

export class Model {
  now: number
  readonly users: ModelUser[] = []
  readonly accessTokens: AccessToken[] = []
  readonly refreshTokens: RefreshToken[] = []

  constructor(now: number) {
    this.now = now
  }

  isLive = (session: ModelSession) =>
    !session.hasEnded &&
    session.expiresAt > this.now &&
    session.user.isActive &&
    !session.user.isDeleted

  /** The status of `GET /api/users/me` with an access token. */
  accessStatus = ({ session, expiresAt }: AccessToken) =>
    this.now < expiresAt && this.isLive(session) ? 200 : 401

  maySignIn = (user: ModelUser) => user.isActive && !user.isDeleted

  /** Whether another sign-in responds at once: after five failures it must wait. */
  isFree = (user: ModelUser) => this.maySignIn(user) || user.failures < 4

  liveSessions = (user: ModelUser) => user.sessions.filter(this.isLive)

  begin(user: ModelUser, id: string, clientId: string): ModelSession {
    const session: ModelSession = {
      id,
      user,
      clientId,
      counter: 0,
      rotatedAt: this.now,
      repeats: 0,
      createdAt: this.now,
      expiresAt: this.now + Math.min(IDLE_LIFETIME, MAX_LIFETIME),
      hasEnded: false,
    }
    user.sessions.push(session)
    return session
  }

  /** The tokens of a response. A lost response leaves none. */
  receive(session: ModelSession, tokens: { access: string; refresh: string }) {
    const issuedAt = Math.floor(this.now / SECOND) * SECOND
    this.accessTokens.push({
      session,
      text: tokens.access,
      expiresAt: issuedAt + ACCESS_LIFETIME,
    })
    this.refreshTokens.push({ session, counter: session.counter, text: tokens.refresh })
  }

  /** The status of a refresh by `clientId`, and its effect on the session. */
  refresh({ session, counter }: RefreshToken, clientId: string): 200 | 400 | 429 {
    if (session.hasEnded || session.clientId !== clientId) return 400
    const isParent =
      session.counter === counter + 1 && this.now - session.rotatedAt <= REPEAT_WINDOW
    if (session.counter !== counter && !isParent) {
      session.hasEnded = true
      return 400
    }
    if (!this.isLive(session)) return 400
    if (isParent) {
      if (session.repeats >= MAX_REPEATS) return 429
      session.repeats++
      return 200
    }
    session.counter++
    session.repeats = 0
    session.rotatedAt = this.now
    session.expiresAt = Math.min(this.now + IDLE_LIFETIME, session.createdAt + MAX_LIFETIME)
    return 200
  }

  end(session: ModelSession) {
    session.hasEnded = true
  }

  endAll(user: ModelUser, except?: ModelSession) {
    for (const session of user.sessions) if (session !== except) session.hasEnded = true
  }

  disable(user: ModelUser) {
    user.isActive = false
    this.endAll(user)
  }

  remove(user: ModelUser) {
    user.isDeleted = true
    this.endAll(user)
  }
}
