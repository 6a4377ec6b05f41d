// @ts-check
// The identity providers of PROVIDERS, as deploy and doctor see them.
import { generateKeyPairSync } from 'node:crypto'
import {
  parseEntries,
  readProviders,
  secretNameOf,
} from '../../src/security/identity-provider-settings.ts'

/**
 * The names in PROVIDERS; none if it cannot be read, which `readConfigured` reports.
 * @param {string | undefined} setting
 * @returns {string[]}
 */
const namesIn = (setting = '') => (parseEntries(setting) ?? []).map(([name]) => name)

/**
 * The secrets that PROVIDERS requires.
 * @param {string | undefined} setting
 */
export const providerSecrets = (setting) => namesIn(setting).map(secretNameOf)

/**
 * The providers of a configuration whose secrets cannot be read: each gets a value that the rules
 * for secrets accept.
 * @param {Record<string, string>} vars
 */
export function readConfigured(vars) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const secrets = namesIn(vars.PROVIDERS).map((name) => [
    secretNameOf(name),
    name === 'apple' ? pem : 'unknown-secret',
  ])
  return readProviders({ ...Object.fromEntries(secrets), ...vars })
}
