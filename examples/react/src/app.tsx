import { ApiProblem, type Post } from 'gatepost-client'
import { useSession } from 'gatepost-client/react'
import { useEffect, useState } from 'react'
import { gatepost } from './gatepost'

type Values = Record<string, string>
interface FormProps {
  label: string
  fields: string[]
  /** Resolves to whether it worked. */
  submit: (values: Values) => Promise<boolean>
}

const Form = ({ label, fields, submit }: FormProps) => (
  <form
    aria-label={label}
    onSubmit={async (event) => {
      event.preventDefault()
      const form = event.currentTarget
      const data = new FormData(form)
      const values = fields.map((name) => [name, String(data.get(name))])
      if (await submit(Object.fromEntries(values))) form.reset()
    }}
  >
    {fields.map((name) => (
      <label key={name}>
        {name} <input name={name} type={name === 'password' ? 'password' : 'text'} required />
      </label>
    ))}
    <button type="submit">{label}</button>
  </form>
)

const messageOf = (error: unknown) => (error instanceof ApiProblem ? error.message : String(error))

export function App() {
  const state = useSession(gatepost)
  const isIn = state.status === 'signed-in'
  const [posts, setPosts] = useState<Post[]>([])
  const [problem, setProblem] = useState('')

  useEffect(() => {
    if (!isIn) return
    gatepost.posts.list({ limit: 10 }).then(
      (page) => setPosts(page.posts),
      (error) => setProblem(messageOf(error)),
    )
  }, [isIn])

  /** Shows why something failed. */
  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    setProblem('')
    try {
      await work()
      return true
    } catch (error) {
      setProblem(messageOf(error))
      return false
    }
  }
  const signIn = ({ login, password }: Values) =>
    attempt(() => gatepost.session.signIn(login, password))
  const register = ({ username, email, password }: Values) =>
    attempt(async () => {
      await gatepost.register({ username, email, password })
      await gatepost.session.signIn(username, password)
    })
  const publish = ({ title, content }: Values) =>
    attempt(async () => {
      const post = await gatepost.posts.create({ title, content })
      setPosts((others) => [post, ...others])
    })

  if (state.status === 'starting') return <p>Loading…</p>
  return (
    <main>
      {problem && <p role="alert">{problem}</p>}
      {state.status === 'signed-out' && (
        <>
          {state.because === 'ended' && <p role="alert">Your session has ended.</p>}
          {state.because === 'unreachable' && <p role="alert">{state.problem.message}</p>}
          <Form label="Sign in" fields={['login', 'password']} submit={signIn} />
          <Form label="Register" fields={['username', 'email', 'password']} submit={register} />
        </>
      )}
      {state.status === 'signed-in' && (
        <>
          <p>Signed in as {state.user.username}</p>
          <button type="button" onClick={() => attempt(gatepost.session.signOut)}>
            Sign out
          </button>
          <Form label="Publish" fields={['title', 'content']} submit={publish} />
          {posts.map((post) => (
            <article key={post.id}>
              <h2>{post.title}</h2>
              <p>{post.content}</p>
            </article>
          ))}
        </>
      )}
    </main>
  )
}
