// biome-ignore-all lint/performance/noBarrelFile: it stands for a package
// zod as the Worker bundles it: `[alias]` in wrangler.toml puts this in the place of `zod` and of
// `@hono/zod-openapi`. A schema is built at its first use: until then it only remembers how. Most
// schemas describe responses, which the Worker does not validate, so it never builds them. The
// tests of the Worker use this as well; types, and the build of the API document, see the packages.
import type { ZodType } from 'zod'
import * as zod from './zod-without-locales'

/** A schema yet to be built. Members that are not defined here are those of the built schema. */
class LazySchema {
  #make: (() => ZodType) | undefined
  #schema: ZodType | undefined

  constructor(make: () => ZodType) {
    this.#make = make
  }

  /** The schema of zod, built by the first access. */
  get schema(): ZodType {
    if (this.#make) {
      this.#schema = this.#make()
      this.#make = undefined
    }
    return this.#schema as ZodType
  }

  /** The internals that zod reads when a schema is part of another. */
  get _zod() {
    return this.schema._zod
  }

  safeParseAsync(...args: Parameters<ZodType['safeParseAsync']>) {
    return this.schema.safeParseAsync(...args)
  }
}

const prototype = LazySchema.prototype
Object.setPrototypeOf(
  prototype,
  new Proxy(Object.prototype, {
    get: (_, name, lazy: LazySchema) => Reflect.get(lazy.schema, name),
  }),
)

/** Methods whose result describes its schema as well, so that they build nothing. */
for (const name of ['describe', 'meta', 'openapi'])
  Object.defineProperty(prototype, name, {
    value(this: LazySchema) {
      return this
    },
  })

/** Methods whose result is another lazy schema. All others build the schema at once. */
const DEFERRED =
  'array catch check datetime default email extend int max min nonempty nonnegative nullable nullish omit optional partial pick pipe positive prefault readonly refine regex strict superRefine transform'
for (const name of DEFERRED.split(' '))
  Object.defineProperty(prototype, name, {
    value(this: LazySchema, ...args: unknown[]) {
      return new LazySchema(() => Reflect.apply(Reflect.get(this.schema, name), this.schema, args))
    },
  })

/** A function of zod that returns a lazy schema. The cast keeps the type of the function. */
function lazily<F extends (...args: never[]) => ZodType>(make: F): F {
  return ((...args: Parameters<F>) => new LazySchema(() => make(...args))) as unknown as F
}
export const any = lazily(zod.any)
export const array = lazily(zod.array)
export const boolean = lazily(zod.boolean)
export const email = lazily(zod.email)
const lazyEnum = lazily(zod.enum)

export { lazyEnum as enum }
export const int = lazily(zod.int)
export const iso = { datetime: lazily(zod.iso.datetime) }
export const literal = lazily(zod.literal)
export const looseObject = lazily(zod.looseObject)
const lazyNull = lazily(zod.null)

export { lazyNull as null }
export const number = lazily(zod.number)
export const object = lazily(zod.object)
export const preprocess = lazily(zod.preprocess)
export const record = lazily(zod.record)
export const strictObject = lazily(zod.strictObject)
export const string = lazily(zod.string)
export const union = lazily(zod.union)
export const unknown = lazily(zod.unknown)
export const url = lazily(zod.url)
export * as z from './lazy-zod'
