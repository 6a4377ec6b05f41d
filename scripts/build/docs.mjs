// Swagger UI as files of our own at /docs: no CDN, no inline script, so that the strict
// Content-Security-Policy holds.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Gatepost API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/start.js" defer></script>
  </head>
  <body>
    <noscript>The API reference needs JavaScript. The same document as JSON: <a href="/openapi.json">/openapi.json</a></noscript>
    <div id="swagger-ui"></div>
  </body>
</html>
`

// Tokens stay in memory: a reload of the page signs out (persistAuthorization would put them into
// localStorage).
const start = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
})
`

/**
 * Writes docs.html (served as /docs) and what it loads (/docs/…) into the folder of static files.
 */
export function buildDocs(folder) {
  const docs = join(folder, 'docs')
  mkdirSync(docs, { recursive: true })
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE'])
    copyFileSync(join('node_modules/swagger-ui-dist', file), join(docs, file))
  writeFileSync(join(docs, 'start.js'), start)
  writeFileSync(join(folder, 'docs.html'), page)
}
