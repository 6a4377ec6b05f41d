/**
 * How names and addresses are kept, and how they are compared: one spelling wherever one is
 * registered, signed in with or searched.
 */

/** A name or an address as it is kept: without spaces around it, and composed (NFC). */
export const normalizeInput = (text: string) => text.trim().normalize('NFC')

/**
 * The form in which names and addresses are compared. Both are ASCII where it matters, or
 * lower-cased by Unicode's rules.
 */
export const caseFold = (text: string) => text.toLowerCase()
