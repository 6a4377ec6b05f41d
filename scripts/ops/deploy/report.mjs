// @ts-check
import { envOption } from '../environment.mjs'
import { Failure } from '../failure.mjs'
import { rollbackCommand } from './wrangler.mjs'

/** Prints what a deploy does, and remembers it for the case that the deploy ends early. */
export class Report {
  /** @type {string[]} changes that stay when the deploy ends here */
  #changes = []

  /** @param {string} text something that was found as it should be */
  found(text) {
    console.log(`ok      ${text}`)
  }

  /** @param {string} text something that this deploy has changed */
  changed(text) {
    this.#changes.push(text)
    console.log(`done    ${text}`)
  }

  /** @param {string} text something that takes a while */
  begins(text) {
    console.log(`…       ${text}`)
  }

  /** @param {string} text */
  note(text) {
    console.log(`note    ${text}`)
  }

  /**
   * The closing words of a deploy that did not reach its end.
   * @param {unknown} error
   */
  failed(error) {
    console.error(`\nFailed: ${error instanceof Error ? error.message : String(error)}`)
    const changes = this.#changes.length > 0 ? this.#changes.join('; ') : 'nothing'
    console.error(`Changed so far: ${changes}.`)
    console.error(`Next: ${error instanceof Failure && error.next ? error.next : 'npm run deploy'}`)
  }
}

/**
 * @typedef {object} Outcome
 * @property {string} origin
 * @property {string} version
 * @property {string | null} before version to roll back to
 * @property {string | null} bookmark of the database before the deploy
 * @property {boolean} hasAdmin
 */

/**
 * The closing words of a deploy.
 * @param {import('../project.mjs').Project} project
 * @param {Outcome} outcome
 * @returns {string}
 */
export function closing(
  { environment, database },
  { origin, version, before, bookmark, hasAdmin },
) {
  const env = envOption(environment)
  const lines = [
    ['version', version],
    [
      'go back',
      before && `${rollbackCommand(environment, before)}   (code and settings; data stays)`,
    ],
    [
      'restore',
      bookmark &&
        `npx wrangler d1 time-travel restore ${database.name}${env} --bookmark=${bookmark}   (loses later writes; docs/operations.md first)`,
    ],
    [
      'admin',
      !hasAdmin &&
        `register and confirm your address, then npm run admin -- grant you@example.com --remote${env}`,
    ],
  ]
  const shown = lines
    .filter(([, text]) => text)
    .map(([name, text]) => `  ${String(name).padEnd(8)} ${text}`)
  return `\n${origin} is up.\n${shown.join('\n')}`
}
