// The baseline: Hono, one verified HS256 token and one plain D1 statement per route. It has no
// settings, sessions, validation, logs or security headers, and a rate limit only under /limited.
import { Hono } from 'hono'
import { jwtVerify } from 'jose'
import { hashPassword } from '../../src/security/password'

const app = new Hono()

const AUTHORS = `posts.id, title, content, posts.created_at, posts.updated_at, users.id as author_id, username, full_name, avatar_key,
  users.created_at as joined_at from posts join users on users.id = posts.author_id`

async function signedIn(c, next) {
  const token = c.req.header('Authorization')?.slice('Bearer '.length) ?? ''
  try {
    const key = new TextEncoder().encode(c.env.SECRET)
    c.set('userId', Number((await jwtVerify(token, key, { algorithms: ['HS256'] })).payload.sub))
  } catch {
    return c.json({ detail: 'Could not validate credentials' }, 401)
  }
  return next()
}

const viewUser = (row) => ({
  id: row.author_id ?? row.id,
  username: row.username,
  full_name: row.full_name,
  image_url: row.avatar_key,
  created_at: new Date(row.joined_at ?? row.created_at).toISOString(),
})
const viewPost = (row) => ({
  id: row.id,
  title: row.title,
  content: row.content,
  created_at: new Date(row.created_at).toISOString(),
  updated_at: new Date(row.updated_at).toISOString(),
  author: viewUser(row),
})

app.get('/me', signedIn, async (c) => {
  const statement = c.env.DB.prepare(
    'select id, username, full_name, avatar_key, created_at, email from users where id = ?',
  )
  const row = await statement.bind(c.var.userId).first()
  return row ? c.json({ ...viewUser(row), email: row.email }) : c.json({ detail: 'Unknown' }, 401)
})

app.get('/posts', async (c) => {
  const statement = c.env.DB.prepare(`select ${AUTHORS} order by posts.id desc limit 20`)
  return c.json({ posts: (await statement.all()).results.map(viewPost) })
})

app.get('/posts/:id', async (c) => {
  const statement = c.env.DB.prepare(`select ${AUTHORS} where posts.id = ?`)
  const row = await statement.bind(Number(c.req.param('id'))).first()
  return row ? c.json(viewPost(row)) : c.json({ detail: 'Not found' }, 404)
})

async function createPost(c) {
  const { title, content } = await c.req.json()
  const now = Date.now()
  const statement = c.env.DB.prepare(
    'insert into posts (author_id, title, content, created_at, updated_at) values (?, ?, ?, ?, ?) returning id',
  )
  const made = await statement.bind(c.var.userId, title, content, now, now).first()
  return c.json({ id: made.id, title, content }, 201)
}
app.post('/posts', signedIn, createPost)

/** Adds an edge limit. Miniflare emulates one with a Durable Object of its own. */
async function limited(c, next) {
  const { success } = await c.env.LIMIT.limit({ key: c.req.header('CF-Connecting-IP') })
  return success ? next() : c.json({ detail: 'Too many requests' }, 429)
}
app.post('/limited/posts', limited, signedIn, createPost)

/** The bare hash: Argon2id with the parameters of Gatepost, and nothing else. */
const hash = (c) => c.text(hashPassword('correct horse battery staple'))
app.post('/hash', hash)

/**
 * The hash between two writes, behind an edge limit: the least work of a sign-in. The second write
 * runs with cold processor caches, because the hash has replaced their contents.
 */
const write = (c) => c.env.DB.prepare('update users set created_at = created_at where id = 1').run()
app.post('/limited/hash', limited, async (c) => {
  await write(c)
  const answer = hash(c)
  await write(c)
  return answer
})

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default app
