/** Leaves out the parts of Pico that no page uses, so that the first load stays small. */

/** A selector with one of these styles nothing here. */
const UNUSED = [
  /:host/,
  /^\[data-theme/,
  /\[data-tooltip/,
  /\[dir=rtl/,
  /range|progress|\[role=switch|input-date|breadcrumb/,
  /\[type=(color|date|datetime-local|month|time|week|radio|reset)\](?!,)/,
  /^(audio|video|kbd|samp|figure|blockquote|tfoot|sub|sup|ins|del|abbr|mark|hgroup|aside|h5|h6)\b/,
  /^dialog/,
  /summary/,
  /::-ms-|:-moz-/,
  /\[role=group\]/,
  /details/,
]

interface Node {
  type: string
  name?: string
}
interface Rule {
  selectors: string[]
  parent?: unknown
  source?: { input: { file?: string | undefined } } | undefined
  remove(): unknown
}
interface AtRule {
  name: string
  params: string
  nodes?: unknown[] | undefined
  remove(): unknown
}

/** A PostCSS plugin, as far as its types matter here. */
export const withoutUnused = {
  postcssPlugin: 'without-unused',
  Rule(rule: Rule) {
    if (!rule.source?.input.file?.includes('picocss')) return
    const parent = rule.parent as Node | undefined
    if (parent?.type === 'atrule' && parent.name?.endsWith('keyframes')) return
    const used = rule.selectors.filter((selector) => {
      const named = selector.replace(/:not\([^()]*\)/g, '')
      return !UNUSED.some((pattern) => pattern.test(named))
    })
    if (used.length === 0) rule.remove()
    else if (used.length < rule.selectors.length) rule.selectors = used
  },
  AtRuleExit(rule: AtRule) {
    const unusedFrames = rule.name === 'keyframes' && /tooltip|progress/.test(rule.params)
    if (unusedFrames || (rule.name === 'media' && rule.nodes?.length === 0)) rule.remove()
  },
}
