/** The security activity of an account, written in the same batch as the act (ASVS 16.3). */
import type { SQL } from 'drizzle-orm'
import type { Database } from './index'
import { events } from './schema'

/** Every kind of event. The names travel on the wire: add, never rename. */
export const EVENT_TYPES = [
  'registered',
  'login',
  'login_failed',
  'refresh_reused',
  'logout',
  'session_ended',
  'sessions_ended',
  'password_changed',
  'password_reset_requested',
  'password_reset',
  'password_rejected',
  'email_verified',
  'email_change_requested',
  'email_changed',
  'username_changed',
  'avatar_changed',
  'role_changed',
  'disabled',
  'enabled',
  'exported',
  'deleted',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

export interface NewEvent {
  /** A subquery where the id is made in the same batch. */
  userId: number | SQL<number>
  type: EventType
  at: Date
  sessionId?: string | null
  /** Coarse place, e.g. `Vienna, AT`. */
  location?: string | null
}

/** The statement that records an event. */
export const recordEvent = (db: Database, event: NewEvent) => db.insert(events).values(event)
