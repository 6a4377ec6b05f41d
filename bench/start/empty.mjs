// An empty Worker: the cost of workerd itself.

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default { fetch: () => Response.json({ status: 'ok' }) }
