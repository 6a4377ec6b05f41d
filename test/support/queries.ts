/** The statements that the Worker sends to D1, and their query plans. */
import { env } from 'cloudflare:workers'

/**
 * A DB binding that records every statement and passes it to the real one: `workerWith({ DB:
 * recording.binding })`.
 */
export function recordQueries() {
  const queries = new Set<string>()
  const noting = <T extends { prepare(sql: string): D1PreparedStatement }>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        if (name === 'prepare') {
          return (sql: string) => {
            queries.add(sql)
            return object.prepare(sql)
          }
        }
        const value = Reflect.get(object, name) as unknown
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          const result = value.apply(object, args) as unknown
          return name === 'withSession' ? noting(result as T) : result
        }
      },
    })
  return { queries, binding: noting(env.DB) }
}

/**
 * The steps of SQLite's plan for a statement that read a whole table; a full walk over an index or
 * over rows made in the statement itself is none.
 */
export async function scans(sql: string): Promise<string[]> {
  const values = Array.from({ length: (sql.match(/\?/g) ?? []).length }, () => 1)
  const plan = await env.DB.prepare(`explain query plan ${sql}`)
    .bind(...values)
    .all<{ detail: string }>()
  return plan.results
    .map((step) => step.detail)
    .filter((detail) =>
      /^SCAN (users|sessions|posts|email_tokens|attempts|mail_counts|events|idempotency_keys|passkeys|totp|recovery_codes|identities|used_tokens|sign_in_links|other|used)\b/.test(
        detail,
      ),
    )
}
