// @ts-check
// Checks the style of comments, documents and texts that a program cannot judge but can count:
// words that plain technical English does without, and comment lines over 100 columns. `node
// scripts/dev/language.mjs [PATH …]` prints one line a finding and exits with 1 if there is one.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const MAX_COLUMNS = 100

/** Files that are checked: everything that a reader of the project reads. */
const CHECKED = [
  'src/**/*.ts',
  'src/**/*.tsx',
  'scripts/**/*.mjs',
  'bench/**/*.mjs',
  'examples/**',
  'docs/**/*.md',
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
]

/**
 * Words that name no person, or that stand for a standard term: write "user", "endpoint", "limit".
 */
const WORDS = [
  'whoever',
  'whosever',
  'so many',
  'of which',
  'nobody',
  'somebody',
  'doors?',
  'rooms?',
  'gates?',
  'houses?',
  'storms?',
  '(?<!Math\\.)floors?',
]
const WORD = new RegExp(`\\b(?:${WORDS.join('|')})\\b`, 'i')
/** A sentence whose subject is a relative clause: "Who asks first …", "What is refused …". */
const CLAUSE = /(?:^|[.;:] )(?:Who|Whose|What) (?![^.?]*\?)/

/** Findings that stay: a word list, a name of another project. File, then a part of the line. */
const EXCEPTIONS = [
  ['scripts/dev/language.mjs', ''],
  ['src/security/common-passwords-list.ts', ''],
  ['src/client/api.ts', ''], // generated from the API document
]

/** A JSDoc tag with a type, which cannot be wrapped. */
const TYPE_LINE = /@(?:param|property|returns|type|typedef|throws) /

const COMMENT = /^\s*(?:\/\/|\/?\*+)/

/**
 * @param {string} file
 * @returns {string[]} findings as `file:line: text`
 */
function check(file) {
  const isProse = file.endsWith('.md')
  const findings = /** @type {string[]} */ ([])
  const lines = readFileSync(file, 'utf8').split('\n')
  lines.forEach((line, i) => {
    if (EXCEPTIONS.some(([name, part]) => name === file && line.includes(part ?? ''))) return
    const at = `${file}:${i + 1}`
    const comment = commentOf(line)
    const text = isProse ? line : `${comment ?? ''} ${stringsOf(line)}`
    const word = WORD.exec(text)
    if (word) findings.push(`${at}: "${word[0]}"`)
    const start = (isProse ? line : (comment ?? '')).replace(/^[\s*/|#>-]+/, '')
    if (CLAUSE.test(start))
      findings.push(`${at}: relative clause as subject: ${start.slice(0, 60)}`)
    if (COMMENT.test(line) && !isProse && line.length > MAX_COLUMNS && !TYPE_LINE.test(line))
      findings.push(`${at}: comment of ${line.length} columns`)
  })
  return findings
}

/** @param {string} line */
const commentOf = (line) => (COMMENT.test(line) ? line : /(?:^|\s)\/\/ (.*)$/.exec(line)?.[1])

/** The text of quoted strings and of JSX, where words are meant for people. @param {string} line */
const stringsOf = (line) =>
  COMMENT.test(line)
    ? ''
    : `${(line.match(/'(?:[^'\\]|\\.)* (?:[^'\\]|\\.)*'|`[^`]* [^`]*`/g) ?? []).join(' ')} ${/^[\s\w.,;:!?’'"()-]+$/.test(line) && / \w+ /.test(line.trim()) && !/[=;{}]$/.test(line) ? line : ''}`

const args = process.argv.slice(2)
const files = execFileSync(
  'git',
  ['ls-files', '-co', '--exclude-standard', ...(args.length ? args : CHECKED)],
  {
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => /\.(?:tsx?|mjs|md)$/.test(file) && existsSync(file))
const findings = files.flatMap(check)
for (const finding of findings) console.log(finding)
console.log(`${files.length} files, ${findings.length} findings`)
process.exitCode = findings.length > 0 ? 1 : 0
