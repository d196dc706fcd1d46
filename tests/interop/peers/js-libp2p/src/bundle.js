// Makes the page, one script in one HTML file, beside the packages that it is made of. Without this, a browser could not find the packages by
// their names.

import { build } from 'esbuild'
import { writeFile } from 'node:fs/promises'

const { outputFiles: [{ text }] } = await build({
  entryPoints: [new URL('page.js', import.meta.url).pathname],
  bundle: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  define: { global: 'globalThis' },
  minify: true,
  write: false
})
// A script ends at its end tag, even within a string.
const script = text.replaceAll('</script', '<\\/script')
await writeFile(new URL('../node_modules/page.html', import.meta.url),
  `<!doctype html><meta charset="utf-8"><title>js-libp2p in a browser</title><script>${script}</script>\n`)
