// Builds the web app into dist/web: one script and one style for the first page, the rest of the
// pages when they are asked for.
import { defineConfig } from 'vite'
import { withoutUnused } from './unused-css.ts'

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  css: { postcss: { plugins: [withoutUnused] } },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    // The strict Content-Security-Policy needs no inline script, and every browser of the target
    // preloads modules.
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
})
