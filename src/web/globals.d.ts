/** What the Worker's sources expect of their surroundings: the client imports their types, and only those. */
/// <reference path="../bindings.d.ts" />
/// <reference path="../optional-secrets.d.ts" />

declare module '*.css'
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}

/** Where Workers take more than browsers do. */
type Bytes = ArrayBuffer | ArrayBufferView
interface SubtleCrypto {
  timingSafeEqual(a: Bytes, b: Bytes): boolean
  digest(algorithm: AlgorithmIdentifier, data: Bytes): Promise<ArrayBuffer>
  sign(algorithm: AlgorithmIdentifier, key: CryptoKey, data: Bytes): Promise<ArrayBuffer>
  verify(
    algorithm: AlgorithmIdentifier,
    key: CryptoKey,
    signature: Bytes,
    data: Bytes,
  ): Promise<boolean>
}
