// @ts-check
// Shows steps: a line for each step that ended, and on a terminal a line with the running steps.

/** @param {number} start of performance.now() */
const seconds = (start) => ((performance.now() - start) / 1000).toFixed(1)

/**
 * Prints to `stream`. Nothing is rewritten unless it is a terminal.
 * @param {{ isTTY?: boolean, columns?: number, write: (text: string) => unknown }} [stream]
 */
export function createProgress(stream = process.stdout) {
  /** @type {Map<string, string>} what runs, with a note */
  const running = new Map()
  /** @type {string[]} */
  const failed = []

  function status() {
    if (!stream.isTTY) return
    const parts = [...running].map(([name, note]) => (note ? `${name} ${note}` : name))
    const line = parts.length > 0 ? `…      ${parts.join(' · ')}` : ''
    stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`)
  }

  /** @param {string} text */
  function print(text) {
    stream.write(`${stream.isTTY ? '\r\u001b[2K' : ''}${text}\n`)
    status()
  }

  return {
    /** The names of the steps that failed. */
    failed,
    print,
    /** @param {string} name @param {string} text such as `312 of about 2020` */
    note(name, text) {
      if (!running.has(name)) return
      running.set(name, text)
      status()
    },
    /**
     * Runs one step and prints a line about it, with its output only when it failed.
     * @param {string} name
     * @param {() => Promise<{ code: number, output: string }>} work
     */
    async step(name, work) {
      const start = performance.now()
      running.set(name, '')
      status()
      const { code, output } = await work()
      running.delete(name)
      if (code !== 0) failed.push(name)
      print(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds(start)} s)`)
      if (code !== 0) print(output)
    },
  }
}
