// What runs in the page: the same story code as in Node. `src/chromium.js` bundles it, puts `say` and
// `hear` into the page, and calls `play`.

import { dial } from './dial.js'

globalThis.play = async asked => await dial({ ...asked, say: globalThis.say, hear: globalThis.hear })
