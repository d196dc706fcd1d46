// What runs in the page: the same code as in Node. `src/chromium.js` bundles it, puts `say` and `hear` into the
// page, and calls what was asked for.

import { webSockets } from '@libp2p/websockets'
import { dial } from './dial.js'
import { createNode } from './node.js'
import * as behindRelay from './private.js'

const { say, hear } = globalThis
const carriers = [webSockets()]

globalThis.play = {
  dial: async asked => {
    const version = asked.version === 'v2' ? 2 : 1
    return await dial({ ...asked, create: async limit => await createNode({ version, limit }), say, hear })
  },
  'private-dial': async asked => await behindRelay.play({ ...asked, carriers, say, hear }),
  'private-listen': async asked => { await behindRelay.listen({ ...asked, carriers, say }) }
}
