// The control of the stalled connections: a Worker that reads each body and keeps none.

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default {
  async fetch(request) {
    if (request.body) await request.body.pipeTo(new WritableStream())
    return new Response('ok')
  },
}
