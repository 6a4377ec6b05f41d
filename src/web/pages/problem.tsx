/** What a problem of the API is about: the `type` of each answer that reports a failure leads here. */
import { useRoute } from 'preact-iso'
import { Page } from '../ui/page'

/** What the `type` of a problem stands for: the address is part of the API's answers. */
export function ProblemPage() {
  const { code = '' } = useRoute().params
  return (
    <Page
      title="A kind of problem"
      lead="Answers of the API that report a failure name this address as their type."
    >
      <p>
        <code>{code}</code>
      </p>
      <p>
        Which requests answer with it, and when, stands in the <a href="/docs">API reference</a>.
      </p>
    </Page>
  )
}
