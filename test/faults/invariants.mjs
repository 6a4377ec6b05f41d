// Invariants of the rows of D1, also after a kill. Each is a query that finds partial writes.
const INVARIANTS = {
  'a session without its user':
    'select id from sessions where user_id not in (select id from users)',
  'a post without its author': 'select id from posts where author_id not in (select id from users)',
  'a link without its user':
    'select user_id from email_tokens where user_id not in (select id from users)',
  'a sign-in link without its user':
    'select user_id from sign_in_links where user_id not in (select id from users)',
  'a count without its user':
    'select key from attempts where user_id is not null and user_id not in (select id from users)',
  'a key without its post':
    'select key from idempotency_keys where post_id not in (select id from posts)',
  'an account not registered exactly once':
    "select id from users where (select count(*) from events where user_id = users.id and type = 'registered') <> 1",
  'an account without its link':
    "select id from users where not email_verified and id not in (select user_id from email_tokens) and id not in (select user_id from events where type in ('password_changed', 'email_verified'))",
  'a session not begun by exactly one sign-in':
    "select id from sessions where (select count(*) from events where session_id = sessions.id and type = 'login') <> 1",
  'a sign-in whose session is gone without a word': `select id from events as e where type = 'login' and session_id not in (select id from sessions)
      and not exists (select 1 from events where session_id = e.session_id and type in ('logout', 'session_ended', 'refresh_reused'))
      and not exists (select 1 from events where user_id = e.user_id and type in ('password_changed', 'password_reset', 'sessions_ended', 'deleted', 'disabled') and id > e.id)`,
  'a public post that is not in the search index':
    "select id from posts where visibility = 'public' and id not in (select id from posts_words_docsize)",
  'a search index with a post that is not public':
    "select id from posts_words_docsize where id not in (select id from posts where visibility = 'public')",
  'an event without its user':
    "select id from events where user_id <> 0 and type <> 'deleted' and user_id not in (select id from users)",
  'a session that ends before it begins':
    'select id from sessions where expires_at <= created_at or rotated_at < created_at',
}

/** The names of what is broken, with the first few rows. */
export async function brokenInvariants(db) {
  const broken = []
  for (const [name, query] of Object.entries(INVARIANTS)) {
    const { results } = await db.prepare(query).all()
    if (results.length > 0) broken.push(`${name}: ${JSON.stringify(results.slice(0, 3))}`)
  }
  try {
    await db
      .prepare("insert into posts_words (posts_words, rank) values ('integrity-check', 0)")
      .run()
  } catch (error) {
    broken.push(`the search index is not sound: ${error}`)
  }
  return broken
}
