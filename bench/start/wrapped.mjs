// Gatepost with a function per module: `require` makes esbuild wrap each module of the bundle in a
// function that is named after its file, so that a CPU profile tells the modules apart.
const { default: worker } = require('../../src/index.ts')

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default worker
