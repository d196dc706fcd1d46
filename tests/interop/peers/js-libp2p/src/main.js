// js-libp2p in Node as a peer for the interop runner, in both roles.
//
// It must stay an honest application of js-libp2p: no knowledge of floe, and of the package nothing
// changed but the credentials of v2, which the published version lacks (`../v2.patch`).

import { command } from './command.js'
import { dial } from './dial.js'
import { listen } from './listen.js'
import { hear, say } from './report.js'

const line = process.argv.slice(2)
if (line[0] === 'bench') {
  // What it needs is no business of the stories'.
  const { bench } = await import('./bench.js')
  process.exit(await bench(line.slice(1)) ? 0 : 1)
}
const asked = command(['v1', 'v2'])
if (asked.command === 'listen') {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => { process.exit(0) })
  }
  try {
    await listen(asked, say)
  } catch (error) {
    say({ event: 'error', step: 'listen', message: error.message })
    process.exit(1)
  }
} else {
  // Sockets that nobody closes would keep the process.
  process.exit(await dial({ ...asked, say, hear }) ? 0 : 1)
}
