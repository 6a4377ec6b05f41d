// Swagger UI as files of our own at /docs: no CDN, no inline script, so that the strict
// Content-Security-Policy holds.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const own = import.meta.dirname
const swagger = 'node_modules/swagger-ui-dist'

/**
 * Writes docs.html (served as /docs) and what it loads (/docs/…) into the folder of static files.
 */
export function buildDocs(folder) {
  const docs = join(folder, 'docs')
  mkdirSync(docs, { recursive: true })
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE'])
    copyFileSync(join(swagger, file), join(docs, file))
  for (const file of ['start.js', 'docs.css']) copyFileSync(join(own, file), join(docs, file))
  copyFileSync(join(own, 'page.html'), join(folder, 'docs.html'))
}
