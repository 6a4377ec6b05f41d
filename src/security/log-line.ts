/**
 * The line of the log that an entry makes: one JSON object, in ASCII where it could end the line or
 * steer a terminal.
 */
export const logLine = (entry: object): string =>
  // JSON.stringify escapes control characters below U+0020 only.
  JSON.stringify(entry).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped)

const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
