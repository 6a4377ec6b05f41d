/** Leaves out the parts of Pico that no page uses, so that the first load stays small. */

/** A selector with one of these styles nothing here. */
const UNUSED = [
  /:host/,
  /^\[data-theme/,
  /\[data-tooltip/,
  /\[dir=rtl/,
  /range|progress|\[role=switch|input-date|breadcrumb/,
  /\[type=(color|date|datetime-local|month|time|week|radio|reset)\](?!\s*[,)])/,
  /^(audio|video|kbd|samp|figure|blockquote|tfoot|sub|sup|ins|del|abbr|mark|hgroup|aside|h5|h6)\b/,
  /^dialog/,
  /summary/,
  /-moz-(?!placeholder)|-ms-/,
  /\[role=group\]/,
  /details/,
]

interface Rule {
  selectors: string[]
  parent?: { type: string; name?: string }
  remove(): void
}
interface AtRule {
  name: string
  params: string
  nodes?: unknown[]
  remove(): void
}

/** A PostCSS plugin, as far as its types matter here. */
export const withoutUnused = {
  postcssPlugin: 'without-unused',
  Rule(rule: Rule & { source?: { input: { file?: string } } }) {
    if (!rule.source?.input.file?.includes('picocss')) return
    if (rule.parent?.type === 'atrule' && /keyframes$/.test(rule.parent.name ?? '')) return
    const used = rule.selectors.filter((s) => !UNUSED.some((pattern) => pattern.test(s)))
    if (used.length === 0) rule.remove()
    else if (used.length < rule.selectors.length) rule.selectors = used
  },
  AtRuleExit(rule: AtRule) {
    const unusedFrames = rule.name === 'keyframes' && /tooltip|progress/.test(rule.params)
    if (unusedFrames || (rule.name === 'media' && rule.nodes?.length === 0)) rule.remove()
  },
}
