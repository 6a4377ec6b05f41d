// @ts-check

/**
 * A refusal or failure that an operator can act on: what is wrong, and the command that goes on.
 */
export class Failure extends Error {
  /** @override */
  name = 'Failure'

  /**
   * @param {string} message one sentence: what is wrong
   * @param {string} [next] the command or edit that goes on
   */
  constructor(message, next) {
    super(message)
    this.next = next
  }
}
