/** Stands for APP_ORIGIN in the API document that the build makes (RFC 6761 §6.4). */
export const PLACEHOLDER_ORIGIN = 'https://app-origin.invalid'
