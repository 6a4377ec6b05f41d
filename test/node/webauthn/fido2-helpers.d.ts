// https://www.npmjs.com/package/fido2-helpers: recorded answers of real authenticators
declare module 'fido2-helpers' {
  interface Recorded {
    id: string
    rawId: string
    response: Record<string, string>
  }
  const helpers: {
    server: Record<string, Recorded>
    lib: { assnPublicKey: string; assnPublicKeyWindowsHello: string }
  }
  export default helpers
}
