/**
 * What the node says of itself: the one thing that this page asks of its server.
 */

/** @typedef {{ peer: string, addrs: string[], version: string }} Node */

/**
 * Tells what the node says, now and whenever it says something else; nothing while it cannot be asked.
 *
 * @param {(node: Node | undefined) => void} tell
 */
export async function follow (tell) {
  let last
  for (;;) {
    const node = await ask().catch(() => undefined)
    const text = JSON.stringify(node)
    if (text !== last || last === undefined) {
      last = text
      tell(node)
    }
    await new Promise(resolve => { setTimeout(resolve, PAUSE) })
  }
}

/** @returns {Promise<Node>} */
async function ask () {
  const response = await fetch('./node.json')
  if (!response.ok) {
    throw new Error(`the server answered ${response.status}`)
  }
  return await response.json()
}

/** Milliseconds between two questions: interfaces come and go at the pace of people. */
const PAUSE = 3_000
