// @ts-check
/** An error of the command line: run.mjs prints its message alone, without a stack. */
export class UsageError extends Error {}
