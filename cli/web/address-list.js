/**
 * The addresses to choose from: the node's own, as they come and go, and one to type.
 */

import { reach } from './address.js'
import { byId, html } from './element.js'

/** What is chosen now. */
export function chosenAddress () {
  const checked = /** @type {HTMLInputElement | null} */ (document.querySelector('input[name=address]:checked'))
  return checked?.value || byId('other').value
}

/** Makes typing an address the choice of it. */
export function prepare () {
  byId('other').addEventListener('input', () => { byId('choose-other').checked = true })
}

/**
 * Shows these addresses. The choice stays what it was, if it is still there.
 *
 * @param {string[]} addrs
 */
export function showAddresses (addrs) {
  const before = chosenAddress()
  const typing = byId('choose-other').checked
  byId('addresses').replaceChildren(...addrs.map(addr => {
    const [socket, rest] = split(addr)
    return html('label', { class: 'address' },
      html('input', { type: 'radio', name: 'address', value: addr }),
      html('span', { class: 'multiaddr', title: addr }, html('b', {}, socket), ' ', rest),
      html('span', { class: 'reach' }, REACH[reach(addr)])
    )
  }))
  if (typing) {
    return
  }
  const choice = addrs.includes(before) ? before : best(addrs)
  for (const input of byId('addresses').querySelectorAll('input')) {
    input.checked = input.value === choice
  }
  byId('choose-other').checked = addrs.length === 0
}

/**
 * The first of IPv4 that is no loopback address: it works on the same machine too, and Firefox dials no
 * loopback address.
 *
 * @param {string[]} addrs
 */
function best (addrs) {
  return addrs.find(addr => addr.startsWith('/ip4/') && reach(addr) !== 'machine') ?? addrs[0]
}

/**
 * The part that tells addresses apart, and, shortened, the part that is the same for all.
 *
 * @param {string} addr
 */
function split (addr) {
  const at = addr.indexOf('/certhash/')
  const rest = addr.slice(at).replace(/[^/]{20,}/g, long => `${long.slice(0, 6)}…${long.slice(-4)}`)
  return at < 0 ? [addr, ''] : [addr.slice(0, at), rest]
}

const REACH = {
  machine: 'this machine only',
  link: 'this link only',
  private: 'private network',
  anywhere: 'public address'
}
