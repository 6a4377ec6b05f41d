/** The package `gatepost-client`. */
export type * from './api'
// biome-ignore-start lint/performance/noBarrelFile: a package has one entry
export { type Client, type ClientOptions, createClient } from './client'
export { cookieHint, type Hint } from './cookie-storage'
export type { CreateOptions, PostVersion, WriteOptions } from './functions'
export type { AnswerOf, InputOf, QueryOf, Reply, RequestOptions } from './operations'
export { ApiProblem, type Code, readProblem } from './problem'
export type { SessionState } from './session'
export type { StorageKind } from './storage'
// biome-ignore-end lint/performance/noBarrelFile: a package has one entry
