/** For addresses where nothing is. */
import { Page } from '../ui/page'

export const NotFound = () => (
  <Page title="Page not found" lead="The page may have been moved or removed.">
    <a class="button" href="/">
      Back to home
    </a>
  </Page>
)
