// @ts-check
// The page at /__dev/mail: the mails of this run, without a script.
import { createHash } from 'node:crypto'

const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfaf7, #121817);
  --card: light-dark(#fff, #19211f);
  --line: light-dark(#e2dfd7, #2d3937);
  --text: light-dark(#2c3634, #cfd8d5);
  --strong: light-dark(#14201e, #f0f5f3);
  --muted: light-dark(#5c6966, #97a5a1);
  --accent: light-dark(#0f6356, #74d0c1);
}
body {
  max-width: 46rem;
  margin: 0 auto;
  padding: 1rem 1.25rem 4rem;
  background: var(--ground);
  color: var(--text);
  font: 1rem/1.6 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
}
header {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  justify-content: space-between;
  gap: 0 1rem;
}
nav {
  display: flex;
  gap: 1rem;
}
h1,
h2 {
  margin: 0;
  color: var(--strong);
  letter-spacing: -0.015em;
  line-height: 1.3;
  overflow-wrap: anywhere;
}
h1 {
  font-size: 1.75rem;
}
h2 {
  font-size: 1.125rem;
}
a {
  color: var(--accent);
}
article {
  margin: 1rem 0;
  padding: 1rem 1.25rem;
  border: 1px solid var(--line);
  border-radius: 0.75rem;
  background: var(--card);
}
.facts {
  margin: 0 0 0.5rem;
  color: var(--muted);
  font-size: 0.9375rem;
  overflow-wrap: anywhere;
}
.text {
  margin: 0;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  font: inherit;
}
`

const hash = createHash('sha256').update(style).digest('base64')
/** Nothing but the style of this page and the icon of the app. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
/** A mail as HTML: an origin of its own, without scripts, and nothing from the network. */
export const mailPolicy =
  "sandbox allow-popups allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** @param {string} text */
const escapeHtml = (text) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/**
 * The text, escaped; its addresses of the web are links, without the punctuation behind them.
 * @param {string} text
 */
function linked(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)])/)
  return parts
    .map((part, i) =>
      i % 2 === 1
        ? `<a href="${escapeHtml(part)}" rel="noreferrer">${escapeHtml(part)}</a>`
        : escapeHtml(part),
    )
    .join('')
}

/** @param {import('./server.mjs').Mail} mail */
const article = ({ id, at, to, subject, text, html }) => `
    <article>
      <h2>${escapeHtml(subject)}</h2>
      <p class="facts">To ${escapeHtml(to)} · <time datetime="${at.toISOString()}">${escapeHtml(at.toLocaleTimeString('en-GB'))}</time>${html && ` · <a href="/__dev/mail/${id}">HTML</a>`}</p>
      <p class="text">${linked(text.trim())}</p>
    </article>`

/** @param {import('./server.mjs').Mail[]} mails newest first */
export const outboxPage = (mails) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${mails.length} mails · Gatepost (development)</title>
    <link rel="icon" type="image/svg+xml" href="/favicon.svg">
    <style>${style}</style>
  </head>
  <body>
    <header>
      <h1>Outbox</h1>
      <nav><a href="/__dev/mail">Reload</a> <a href="/">Back to the app</a></nav>
    </header>
    <main>
      <p class="facts">Mails of this run of npm run dev, newest first. They are in the memory of the script, and were sent to no one.</p>${mails.map(article).join('') || '\n      <p>No mails yet. Register, or ask for a new password, then reload.</p>'}
    </main>
  </body>
</html>
`
