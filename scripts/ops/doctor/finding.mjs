// @ts-check

/**
 * The result of one check of `npm run doctor`.
 * @typedef {object} Finding
 * @property {'ok' | 'warn' | 'fail'} state
 * @property {string} text what was looked at, and what is wrong with it
 * @property {string} [fix] the command or edit that fixes it
 */

/**
 * @param {string} text
 * @returns {Finding}
 */
export const ok = (text) => ({ state: 'ok', text })

/**
 * Works, but will disappoint: the operator should know.
 * @param {string} text
 * @param {string} fix
 * @returns {Finding}
 */
export const warn = (text, fix) => ({ state: 'warn', text, fix })

/**
 * Does not work.
 * @param {string} text
 * @param {string} fix
 * @returns {Finding}
 */
export const fail = (text, fix) => ({ state: 'fail', text, fix })
