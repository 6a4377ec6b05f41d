// @ts-check

/**
 * The result of one check of `npm run doctor`.
 * @typedef {object} Finding
 * @property {'ok' | 'warn' | 'fail'} state
 * @property {string} text what was looked at, and what is wrong with it
 * @property {string} [mend] the command or edit that mends it
 */

/**
 * @param {string} text
 * @returns {Finding}
 */
export const ok = (text) => ({ state: 'ok', text })

/**
 * Works, but will disappoint: the operator should know.
 * @param {string} text
 * @param {string} mend
 * @returns {Finding}
 */
export const warn = (text, mend) => ({ state: 'warn', text, mend })

/**
 * Does not work.
 * @param {string} text
 * @param {string} mend
 * @returns {Finding}
 */
export const fail = (text, mend) => ({ state: 'fail', text, mend })
