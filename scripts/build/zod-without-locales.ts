// biome-ignore-all lint/performance/noBarrelFile: it stands for a package
// zod as the Worker bundles it: `[alias]` in wrangler.toml puts this in the place of the package,
// whose `z` drags along the messages of 50 languages and a reader of JSON Schema, 55 KiB of gzip
// that no request needs. Types and tests see the whole package, so whatever is missing here shows
// when the built Worker starts: `npm test` does start it, for the API document.
export * from '../../node_modules/zod/v4/classic/checks.js'
export * as coerce from '../../node_modules/zod/v4/classic/coerce.js'
export * from '../../node_modules/zod/v4/classic/errors.js'
export * as iso from '../../node_modules/zod/v4/classic/iso.js'
export * from '../../node_modules/zod/v4/classic/parse.js'
export * from '../../node_modules/zod/v4/classic/schemas.js'
export {
  clone,
  config,
  globalRegistry,
  NEVER,
  registry,
} from '../../node_modules/zod/v4/core/index.js'
export * as z from './zod-without-locales'
