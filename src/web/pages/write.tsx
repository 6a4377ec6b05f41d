/** Writing a post, and changing one without overwriting changes of another window or device. */
import { useState } from 'preact/hooks'
import { useLocation, useRoute } from 'preact-iso'
import { ApiProblem, type Post, type PostVersion, type UserPrivate } from '../../client'
import { gatepost } from '../gatepost'
import { useDraft } from '../ui/draft'
import { Checkbox, Field, TextField } from '../ui/fields'
import { Form } from '../ui/form'
import { useLoad } from '../ui/load'
import { say } from '../ui/messages'
import { Page, SignedIn, Trouble, Waiting } from '../ui/page'
import { NotFound } from './not-found'
import { readPost } from './read-post'

type Text = Pick<Post, 'title' | 'content' | 'visibility'>

interface EditorProps {
  text: Text
  change: (text: Text) => void
  label: string
  submit: () => Promise<void>
  cancel: string
}

/** Title, text and visibility. The draft is the only copy of what is typed. */
function Editor({ text, change, label, submit, cancel }: EditorProps) {
  return (
    <Form
      label={label}
      class="editor"
      submit={submit}
      beside={
        <a class="button quiet" href={cancel}>
          Cancel
        </a>
      }
    >
      <Field
        name="title"
        label="Title"
        required
        maxLength={200}
        value={text.title}
        onInput={(event) => change({ ...text, title: event.currentTarget.value })}
      />
      <TextField
        name="content"
        label="Text"
        required
        maxLength={50_000}
        rows={14}
        value={text.content}
        onInput={(event) => change({ ...text, content: event.currentTarget.value })}
      />
      <Checkbox
        name="visibility"
        label="Only I can see this"
        checked={text.visibility === 'private'}
        onChange={(isPrivate) => change({ ...text, visibility: isPrivate ? 'private' : 'public' })}
      />
    </Form>
  )
}

export const Write = () => <SignedIn>{(me) => <NewPost key={me.id} me={me} />}</SignedIn>

function NewPost({ me }: { me: UserPrivate }) {
  const { route } = useLocation()
  // The key belongs to this very text: sent again after a lost answer, it makes no second post.
  const { draft, keep, drop } = useDraft<Text & { key: string }>(`of ${me.id}`)
  const text = { title: '', content: '', key: '', visibility: 'public' as const, ...draft }
  const isPrivate = text.visibility === 'private'
  return (
    <Page title="Write a post">
      <Editor
        text={text}
        change={(next) => keep({ ...next, key: crypto.randomUUID() })}
        label={isPrivate ? 'Save' : 'Publish'}
        cancel="/"
        submit={async () => {
          const { key, ...typed } = text
          const post = await gatepost.posts.create(typed, { idempotencyKey: key })
          drop()
          say(isPrivate ? 'Saved. Only you can see it.' : 'Published.')
          route(`/posts/${post.id}`)
        }}
      />
    </Page>
  )
}

export function Edit() {
  const { id = '' } = useRoute().params
  return <SignedIn>{(me) => <EditLoaded key={`${id} ${me.id}`} id={id} me={me} />}</SignedIn>
}

const current = (id: string) => readPost(Number(id))

function EditLoaded({ id, me }: { id: string; me: UserPrivate }) {
  const loaded = useLoad(`edit ${id}`, () => current(id), 'always')
  if (loaded.problem?.status === 404 || loaded.problem?.status === 422) return <NotFound />
  if (loaded.problem) {
    return (
      <Page title="Edit post">
        <Trouble problem={loaded.problem} again={loaded.reload} />
      </Page>
    )
  }
  if (!loaded.data) return <Waiting />
  if (loaded.data.author.id !== me.id) {
    return <Page title="Edit post" lead="Only its author can change this post." />
  }
  return <EditPost id={id} version={loaded.data} />
}

function EditPost({ id, version }: { id: string; version: PostVersion }) {
  const { route } = useLocation()
  // A draft keeps the version that it started from, also through a reload, to detect a conflict.
  const { draft, keep, drop } = useDraft<Text & { etag: string }>(`post ${id}`)
  const [theirs, setTheirs] = useState<PostVersion | null>(null)
  const { title, content, visibility, etag } = version
  const text = { title, content, visibility, etag, ...draft }

  async function save(etag: string) {
    const typed = { title: text.title, content: text.content, visibility: text.visibility }
    try {
      await gatepost.posts.update(Number(id), typed, { ifMatch: etag })
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 412) throw error
      setTheirs(await current(id))
      return
    }
    drop()
    say('Saved.')
    route(`/posts/${id}`)
  }
  return (
    <Page title="Edit post">
      {theirs && (
        <Conflict
          theirs={theirs}
          takeTheirs={() => {
            const { title, content, visibility, etag } = theirs
            keep({ title, content, visibility, etag })
            setTheirs(null)
          }}
          keepMine={() => save(theirs.etag)}
        />
      )}
      <Editor
        text={text}
        change={(next) => keep({ ...next, etag: text.etag })}
        label="Save"
        cancel={`/posts/${id}`}
        submit={() => save(text.etag)}
      />
    </Page>
  )
}

interface ConflictProps {
  theirs: Post
  takeTheirs: () => void
  keepMine: () => Promise<void>
}

const Conflict = ({ theirs, takeTheirs, keepMine }: ConflictProps) => (
  <section class="notice conflict" role="alert">
    <h2>This post changed while you were editing</h2>
    <p>
      It was saved from another window or device since you opened it. Your text is still below; this
      is what is saved now:
    </p>
    <div class="theirs">
      <strong>{theirs.title}</strong>
      <div class="text">{theirs.content}</div>
    </div>
    <Form
      label="Overwrite with mine"
      submit={keepMine}
      beside={
        <button type="button" class="quiet" onClick={takeTheirs}>
          Discard mine and load theirs
        </button>
      }
    />
  </section>
)
