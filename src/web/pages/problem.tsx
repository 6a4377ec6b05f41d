/** The page of a problem type: every error response links to it (RFC 9457 §3.1.1). */
import { useRoute } from 'preact-iso'
import { useLoad } from '../ui/load'
import { Page, Trouble, Waiting } from '../ui/page'

interface Entry {
  status: number
  title: string
  detail: string
  meaning: string
  action: string
}
interface Operation {
  operationId: string
  summary: string
  tags: string[]
  responses: Record<string, { description: string }>
}
/** The parts of the OpenAPI document that the page shows. */
interface ApiDocument {
  'x-problems': Record<string, Entry>
  paths: Record<string, Record<string, Operation>>
}

async function readDocument(): Promise<ApiDocument> {
  const response = await fetch('/openapi.json')
  if (!response.ok) throw new Error(`The API document answered ${response.status}`)
  return response.json()
}

/** The operations that declare a problem, each with its place in the API reference. */
const operationsWith = (code: string, { paths }: ApiDocument) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) =>
        Object.values(responses).some(({ description }) => description.includes(`\`${code}\``)),
      )
      .map(([method, { summary, operationId, tags }]) => ({
        name: `${method.toUpperCase()} ${path}`,
        href: `/docs#/${tags[0]}/${operationId}`,
        summary,
      })),
  )

/** A text of the document: words in backticks are code. */
const Text = ({ children }: { children: string }) => (
  <p>
    {children.split('`').map((part, i) => (i % 2 === 1 ? <code key={part}>{part}</code> : part))}
  </p>
)

export function ProblemPage() {
  const { code = '' } = useRoute().params
  const api = useLoad('api document', readDocument)
  if (api.problem) return <Trouble problem={api.problem} />
  if (!api.data) return <Waiting />
  const entry = Object.hasOwn(api.data['x-problems'], code) ? api.data['x-problems'][code] : null
  if (!entry)
    return <Page title={`Error: ${code}`} lead="The API has no problem type of this name." />
  return (
    <Page title={`Error: ${code}`} lead={`${entry.status} ${entry.title}`}>
      <h2>What it means</h2>
      <Text>{entry.meaning}</Text>
      <h2>What a client should do</h2>
      <Text>{entry.action}</Text>
      <h2>What a user reads</h2>
      <p>{entry.detail}</p>
      <h2>Operations</h2>
      <Operations of={operationsWith(code, api.data)} />
    </Page>
  )
}

function Operations({ of: operations }: { of: ReturnType<typeof operationsWith> }) {
  if (operations.length === 0) return <p>Any request can get this response.</p>
  return (
    <table class="operations">
      <thead>
        <tr>
          <th scope="col">Operation</th>
          <th scope="col">Summary</th>
        </tr>
      </thead>
      <tbody>
        {operations.map(({ name, href, summary }) => (
          <tr key={name}>
            <td>
              <a href={href}>{name}</a>
            </td>
            <td>{summary}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
