/** The page of a problem type: every error response links to it (RFC 9457 §3.1.1). */
import { useRoute } from 'preact-iso'
import { useLoad } from '../ui/load'
import { Page, Trouble, Waiting } from '../ui/page'

interface Entry {
  status: number
  title: string
  detail: string
}
interface Operation {
  summary: string
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

/** The operations that declare a problem. */
const operationsWith = (code: string, { paths }: ApiDocument) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) =>
        Object.values(responses).some(({ description }) => description.includes(`\`${code}\``)),
      )
      .map(([method, { summary }]) => ({ name: `${method.toUpperCase()} ${path}`, summary })),
  )

export function ProblemPage() {
  const { code = '' } = useRoute().params
  const api = useLoad('api document', readDocument)
  if (api.problem) return <Trouble problem={api.problem} />
  if (!api.data) return <Waiting />
  const entry = api.data['x-problems'][code]
  if (!entry)
    return <Page title={`Error: ${code}`} lead="The API has no problem type of this name." />
  const operations = operationsWith(code, api.data)
  return (
    <Page title={`Error: ${code}`} lead={`${entry.status} ${entry.title}`}>
      <h2>What it means, and what to do</h2>
      <p>{entry.detail}</p>
      <h2>Operations</h2>
      {operations.length === 0 ? (
        <p>Any request can get this response.</p>
      ) : (
        <ul>
          {operations.map(({ name, summary }) => (
            <li key={name}>
              <code>{name}</code>: {summary}
            </li>
          ))}
        </ul>
      )}
      <p>
        <a href="/docs">API reference</a>
      </p>
    </Page>
  )
}
