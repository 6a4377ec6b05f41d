/**
 * The page that sends the form of a provider again. Its request comes from this origin, so the
 * browser sends the cookie of the flow.
 */
import { escapeHtml } from '../../security/html'
import { randomId } from '../../security/secret-token'
import type { CallbackForm } from './schemas'

/** The page and its Content-Security-Policy. Without scripts, the user presses the button. */
export function resubmitPage(form: CallbackForm): { html: string; policy: string } {
  const nonce = randomId()
  const fields = Object.entries({ ...form, again: '1' })
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value ?? '')}">`,
    )
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Signing in</title>
<form method="post">
${fields.join('\n')}
<button>Continue</button>
</form>
<script nonce="${nonce}">document.forms[0].submit()</script>
</html>
`
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
  return { html, policy }
}
