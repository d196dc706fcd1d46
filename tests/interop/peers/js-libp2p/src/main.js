// js-libp2p in Node as a peer for the interop runner, in both roles, and as a relay.
//
// It must stay an honest application of js-libp2p: no knowledge of floe, and of the package nothing
// changed but the credentials of v2, which the published version lacks (`../v2.patch`).

import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { command } from './command.js'
import { dial, words } from './dial.js'
import { listen } from './listen.js'
import { createNode } from './node.js'
import * as behindRelay from './private.js'
import { relay } from './relay.js'
import { hear, say } from './report.js'

const line = process.argv.slice(2)
if (line[0] === 'bench') {
  // What it needs is no business of the stories'.
  const { bench } = await import('./bench.js')
  process.exit(await bench(line.slice(1)) ? 0 : 1)
}
const asked = command(['v1', 'v2'])
const carriers = [tcp(), webSockets()]
const play = {
  dial: async () => {
    const version = asked.version === 'v2' ? 2 : 1
    return await dial({ ...asked, create: async limit => await createNode({ version, limit }), say, hear })
  },
  'private-dial': async () => await behindRelay.play({ ...asked, carriers, say, hear })
}[asked.command]
if (play !== undefined) {
  // Sockets that nobody closes would keep the process.
  process.exit(await play() ? 0 : 1)
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => { process.exit(0) })
}
try {
  await {
    listen: async () => await listen(asked, say),
    relay: async () => await relay(asked, say),
    'private-listen': async () => await behindRelay.listen({ ...asked, carriers, say })
  }[asked.command]()
} catch (error) {
  say({ event: 'error', step: asked.command, message: words(error) })
  process.exit(1)
}
