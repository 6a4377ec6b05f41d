/** The secret of an authenticator app, as D1 stores it: encrypted with DATA_KEYS. */
import { type DataKeys, open, openDataKeys, seal } from '../../security/data-keys'
import { ConfigurationError, type Settings } from '../../settings'

const contextOf = (userId: number) => ({ purpose: 'totp', userId })

/**
 * The keys that encrypt the secrets.
 * @throws ConfigurationError without DATA_KEYS, which only authenticator apps need.
 */
async function dataKeys({ dataKeys }: Settings): Promise<DataKeys> {
  if (!dataKeys) {
    throw new ConfigurationError(
      'Authenticator apps are not configured: DATA_KEYS is missing; npm run keys -- --data makes one',
    )
  }
  return openDataKeys(dataKeys)
}

/** The text to store for a secret. @throws ConfigurationError */
export const sealSecret = async (
  settings: Settings,
  userId: number,
  secret: Uint8Array,
): Promise<string> => seal(await dataKeys(settings), new Uint8Array(secret), contextOf(userId))

/**
 * The secret of a stored text. `stored` is the text to store from now on: another one if a former
 * key encrypted the present text.
 * @throws ConfigurationError if no key of DATA_KEYS opens the text.
 */
export async function openSecret(
  settings: Settings,
  userId: number,
  text: string,
): Promise<{ secret: Uint8Array; stored: string }> {
  const keys = await dataKeys(settings)
  const opened = await open(keys, text, contextOf(userId))
  if (!opened) {
    throw new ConfigurationError(
      'The secret of an authenticator app cannot be decrypted: DATA_KEYS lacks the key that encrypted it; restore that key',
    )
  }
  const { plaintext: secret, isCurrent } = opened
  return { secret, stored: isCurrent ? text : await sealSecret(settings, userId, secret) }
}
