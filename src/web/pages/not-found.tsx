/** For addresses where nothing is. */
import { Page } from '../ui/page'

export const NotFound = () => (
  <Page
    title="Nothing here"
    lead="There is no page at this address. It may have been moved or removed."
  >
    <a class="button" href="/">
      To the first page
    </a>
  </Page>
)
