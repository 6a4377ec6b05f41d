// `npm run build:diagrams`: draws docs/diagrams/*.dot as SVG with Graphviz. The first sentence of a
// source is the title. The colors are those of the reader's light or dark scheme.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { instance } from '@viz-js/viz'
import { root } from '../tools.mjs'

export const folder = join(root, 'docs', 'diagrams')

/** Graphviz measures Helvetica at `fontsize`; the drawn text is smaller, so wider fonts fit too. */
const defaults = {
  graphAttributes: { fontname: 'Helvetica', fontsize: '15', pad: '0.1', bgcolor: 'transparent' },
  nodeAttributes: {
    shape: 'box',
    style: 'rounded,filled',
    fontname: 'Helvetica',
    fontsize: '15',
    margin: '0.12,0.08',
  },
  edgeAttributes: { fontname: 'Helvetica', fontsize: '14', arrowsize: '0.7' },
}

const style = `<style>
svg { background: #fff; border-radius: 6px }
text { font: 13px Helvetica, Arial, sans-serif; fill: #1f2328 }
.node text:first-of-type, .cluster text { font-weight: bold }
.cluster path, .cluster polygon { fill: none; stroke: #8c959f; stroke-dasharray: 4 3 }
.client path { fill: #ddf4ff; stroke: #0969da }
.worker path { fill: #dafbe1; stroke: #1a7f37 }
.store path { fill: #fff8c5; stroke: #9a6700 }
.edge path { stroke: #57606a }
.edge polygon { fill: #57606a; stroke: #57606a }
.edge text { font-size: 12px; fill: #57606a }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117 }
  text { fill: #e6edf3 }
  .client path { fill: #0c2d6b; stroke: #58a6ff }
  .worker path { fill: #033a16; stroke: #3fb950 }
  .store path { fill: #341a00; stroke: #d29922 }
  .edge path { stroke: #8b949e }
  .edge polygon { fill: #8b949e; stroke: #8b949e }
  .edge text { fill: #8b949e }
}
</style>`

/** Draws each source. @returns {Promise<{ path: string, svg: string }[]>} */
export async function draw() {
  const graphviz = await instance()
  const sources = readdirSync(folder).filter((name) => name.endsWith('.dot'))
  return sources.map((name) => {
    const source = readFileSync(join(folder, name), 'utf8')
    const [, title] = /^\/\/ ([^.]*)\./.exec(source) ?? []
    const [, svg = ''] = graphviz
      .renderString(source, { format: 'svg', ...defaults })
      .split(/(?=<svg)/)
    const plain = svg
      .replace(/<!--[\s\S]*?-->\n/g, '')
      .replace(/<title>[\s\S]*?<\/title>\n/g, '')
      .replace(/"(\d+)pt"/g, '"$1"')
    return {
      path: join(folder, name.replace(/dot$/, 'svg')),
      svg: plain.replace(/(<svg[^>]*>)/, `$1\n<title>${title}</title>\n${style}`),
    }
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const { path, svg } of await draw()) writeFileSync(path, svg)
