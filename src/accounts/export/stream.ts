/** A response body of text parts that are made at the pace of the client. */

/**
 * Longest time of a body, in milliseconds: a stalled reader would hold a page of text and the
 * request until the isolate ends.
 */
export const MAX_STREAM_MS = 10 * 60 * 1000

/**
 * A stream of `parts` in UTF-8. Nothing is read ahead. If a part fails or the time is up, the
 * connection is closed without the end of the body, so no client takes the file for complete.
 * `onError` receives the reason.
 */
export function streamOf(
  parts: AsyncGenerator<string>,
  onError: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAborted = false
  return new ReadableStream(
    {
      start(controller) {
        timer = setTimeout(() => {
          isAborted = true
          const error = new Error('The client read for longer than 10 minutes')
          onError(error)
          controller.error(error)
        }, MAX_STREAM_MS)
      },
      async pull(controller) {
        try {
          const { done, value } = await parts.next()
          if (isAborted) return
          if (!done) return controller.enqueue(encoder.encode(value))
          clearTimeout(timer)
          controller.close()
        } catch (error) {
          clearTimeout(timer)
          onError(error)
          throw error
        }
      },
      async cancel() {
        clearTimeout(timer)
        await parts.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}
