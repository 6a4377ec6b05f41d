// @ts-check
// A reporter of Vitest that sends the number of finished tests to its parent process.

/** At most one message in this many milliseconds. */
const INTERVAL_MS = 200

/** Vitest makes one for each run. */
// biome-ignore lint/style/noDefaultExport: Vitest loads a reporter by its default export
export default class ProgressReporter {
  done = 0
  sent = 0

  onTestCaseResult() {
    this.done++
    if (Date.now() - this.sent < INTERVAL_MS) return
    this.sent = Date.now()
    process.send?.({ testsDone: this.done })
  }
}
