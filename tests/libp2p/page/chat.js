// A js-libp2p node in a page: it dials a Rust node over webrtc-direct and chats with all who subscribe to its topic.
//
// libp2p is the first half; the second is the page's. The node's address stands behind the `#` of the page's
// own, or is typed in.

import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { webRTCDirect } from '@libp2p/webrtc'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const TOPIC = 'floe-chat'

const libp2p = await createLibp2p({
  // It brings its own encryption and multiplexing.
  transports: [webRTCDirect()],
  services: { identify: identify(), pubsub: gossipsub() },
  // In a page js-libp2p refuses private addresses by default, as which a node on this machine has.
  connectionGater: { denyDialMultiaddr: () => false }
})
const { pubsub } = libp2p.services
pubsub.subscribe(TOPIC)

pubsub.addEventListener('message', ({ detail: message }) => {
  if (message.topic === TOPIC && message.type === 'signed') {
    show(short(message.from), new TextDecoder().decode(message.data))
  }
})
// Who is connected, and who of them is in the room.
libp2p.addEventListener('connection:open', count)
libp2p.addEventListener('connection:close', count)
pubsub.addEventListener('subscription-change', count)

async function join (address) {
  document.body.dataset.state = 'dialing'
  show('', `dialing ${address}`)
  try {
    const connection = await libp2p.dial(multiaddr(address), { signal: AbortSignal.timeout(20_000) })
    show('', `connected to ${short(connection.remotePeer)}`)
  } catch (error) {
    show('', `could not connect: ${error.message}`)
  }
  count()
}

async function say (text) {
  await pubsub.publish(TOPIC, new TextEncoder().encode(text))
  show('you', text)
}

// ── the page ──

const $ = id => document.getElementById(id)

function count () {
  const connected = libp2p.getPeers().length
  document.body.dataset.state = connected > 0 ? 'connected' : 'alone'
  const inRoom = pubsub.getSubscribers(TOPIC).length
  $('status').textContent = connected > 0 ? `${connected} connected, ${inRoom} of them in the room` : 'not connected'
  $('send').disabled = inRoom === 0
}

function show (who, text) {
  const line = document.createElement('li')
  const name = document.createElement('b')
  name.textContent = who
  line.append(name, ` ${text}`)
  line.className = who === '' ? 'event' : who === 'you' ? 'mine' : 'theirs'
  $('lines').append(line)
  line.scrollIntoView({ block: 'end' })
}

/** The end of a peer id: all begin alike. */
function short (peer) {
  return `…${peer.toString().slice(-6)}`
}

$('join').addEventListener('submit', event => {
  event.preventDefault()
  join($('address').value.trim())
})
$('say').addEventListener('submit', event => {
  event.preventDefault()
  const text = $('text').value.trim()
  if (text === '') {
    return
  }
  $('text').value = ''
  say(text).catch(error => { show('', `not sent: ${error.message}`) })
})
$('me').textContent = short(libp2p.peerId)
count()
const address = decodeURIComponent(location.hash.slice(1))
if (address !== '') {
  $('address').value = address
  join(address)
}
