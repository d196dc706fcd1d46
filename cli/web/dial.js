/**
 * Dialing a node from this page, one step after the other: what a browser does for webrtc-direct, with nothing
 * hidden in a library. The steps are in the order in which they happen, each with what makes it fail.
 */

import { parseAddress } from './address.js'
import { checkPayload, KeyTypeError, makePayload, newIdentity } from './identity.js'
import { select } from './multistream.js'
import { newKeyPair, prologue, Responder } from './noise.js'
import { answer, attribute, fingerprintOf, munge, v1Credentials, v2Credentials } from './sdp.js'
import { inspect } from './stats.js'
import { Problem } from './steps.js'
import { Stream } from './stream.js'
import { until, within } from './wait.js'

/** @typedef {import('./sdp.js').Version} Version */
/** @typedef {import('./steps.js').Steps} Steps */
/** @typedef {import('./identity.js').Identity} Identity */

/** A node that has proved who it is. */
export class Connection {
  #rtc
  /** The peer id that the node has proved. */
  peer
  /** The page’s own. */
  self

  /**
   * @param {RTCPeerConnection} rtc
   * @param {string} peer
   * @param {string} self
   */
  constructor (rtc, peer, self) {
    this.#rtc = rtc
    this.peer = peer
    this.self = self
  }

  /**
   * Opens a stream for a protocol.
   *
   * @param {string} protocol
   * @returns {Promise<Stream>}
   */
  async open (protocol) {
    const stream = await within(STEP_LIMIT, Stream.open(this.#rtc))
    try {
      await within(STEP_LIMIT, select(stream, protocol))
    } catch (error) {
      stream.reset()
      throw error
    }
    return stream
  }

  /** Waits until the connection is over. */
  async ended () {
    await until(this.#rtc, ['connectionstatechange'], () => isOver(this.#rtc))
  }

  facts () {
    return inspect(this.#rtc)
  }

  close () {
    this.#rtc.close()
    // The browser tells nobody of an end that it was asked for.
    wake(this.#rtc)
  }
}

/**
 * Dials the node at an address.
 *
 * @param {string} text the address
 * @param {Version} version
 * @param {Steps} steps is told of each step
 * @returns {Promise<Connection>}
 */
export async function dial (text, version, steps) {
  const address = await steps.run('address', 'address', note => {
    const address = parseAddress(text)
    note(`UDP ${address.ip}:${address.port}${address.peer === undefined ? ', no peer id' : ''}`)
    return address
  })

  const identity = await steps.run('browser', 'no-crypto', async note => {
    look()
    const identity = await newIdentity()
    // The other primitive that a browser may lack.
    await newKeyPair()
    note(`this page is ${identity.peer}`)
    return identity
  })

  const { rtc, noise } = await steps.run('offer', 'offer', () => {
    const rtc = new RTCPeerConnection()
    // Known to both sides beforehand, so that no stream has to be announced for Noise. It comes before the
    // offer, which without a channel would offer nothing.
    return { rtc, noise: new Stream(rtc.createDataChannel('', { negotiated: true, id: 0 })) }
  })
  try {
    const peer = await connect(rtc, noise, address, version, identity, steps)
    return new Connection(rtc, peer, identity.peer)
  } catch (error) {
    rtc.close()
    throw error
  }
}

/**
 * @param {RTCPeerConnection} rtc
 * @param {Stream} noise data channel 0
 * @param {import('./address.js').Address} address
 * @param {Version} version
 * @param {Identity} identity
 * @param {Steps} steps
 */
async function connect (rtc, noise, address, version, identity, steps) {
  // This page serves nothing; whoever opens a stream is told so at once.
  rtc.addEventListener('datachannel', ({ channel }) => {
    const stream = new Stream(channel)
    stream.opened().then(() => { stream.reset() }, () => {})
  })

  const credentials = await steps.run('credentials', version === 'v1' ? 'munging' : 'no-password', async note => {
    const offer = await rtc.createOffer()
    if (version === 'v2') {
      await rtc.setLocalDescription(offer)
      note('the offer is untouched; the browser’s ICE password was read from it')
      return v2Credentials(rtc.localDescription?.sdp ?? '')
    }
    const credentials = v1Credentials(crypto.getRandomValues(new Uint8Array(32)))
    await rtc.setLocalDescription({ type: 'offer', sdp: munge(offer.sdp ?? '', credentials) })
    if (attribute(rtc.localDescription?.sdp ?? '', 'ice-ufrag') !== credentials) {
      throw new Error('the browser took the offer, but kept its own ICE credentials')
    }
    note('the browser let the page write ICE credentials into the offer')
    return credentials
  })

  await steps.run('answer', 'answer', async () => {
    await rtc.setRemoteDescription({ type: 'answer', sdp: answer(address, credentials) })
    // A node that hangs up ends SCTP; the path the browser goes on to look for, for a quarter of a minute.
    rtc.sctp?.addEventListener('statechange', () => { wake(rtc) })
  })

  await steps.run('ice', 'ice-unanswered', async note => {
    const checks = new Checks(rtc, note)
    try {
      await within(isPrivileged(address) ? PRIVILEGED_LIMIT : ICE_LIMIT, path(rtc))
    } catch (error) {
      throw new Problem(await checks.verdict(isPrivileged(address)), error)
    } finally {
      checks.stop()
    }
    note((await inspect(rtc)).pair ?? 'a path was found')
  })

  await steps.run('dtls', 'dtls', async note => {
    await within(STEP_LIMIT, up(rtc)).catch(error => {
      // A browser breaks DTLS off at once when it does not like what it sees; what is lost only takes long.
      throw rtc.connectionState === 'failed' ? new Problem('certhash', new Error('the browser broke DTLS off')) : error
    })
    note('the certificate is the promised one')
  })

  await steps.run('channel', 'channel', async () => {
    await within(STEP_LIMIT, whileUp(rtc, noise.opened()))
  })

  const peer = await steps.run('noise', 'noise', async note => {
    const ours = fingerprintOf(rtc.localDescription?.sdp ?? '')
    const peer = await within(STEP_LIMIT, whileUp(rtc, authenticate(noise, prologue(ours, address.fingerprint), identity)))
    note(`the node is ${peer}`)
    return peer
  })

  await steps.run('peer-id', 'peer-id', note => {
    if (address.peer === undefined) {
      note('the address names none, so any is right')
    } else if (peer !== address.peer) {
      throw new Error(`the address names ${address.peer}, and the node is ${peer}`)
    }
  })
  return peer
}

/** Whether this browser has what the dial needs. */
function look () {
  if (!globalThis.isSecureContext) {
    throw new Problem('insecure', new Error(`${location.origin} is no secure context`))
  }
  if (globalThis.RTCPeerConnection === undefined) {
    throw new Problem('no-webrtc', new Error('there is no RTCPeerConnection'))
  }
  if (globalThis.crypto?.subtle === undefined) {
    throw new Error('there is no crypto.subtle')
  }
}

/**
 * Answers the Noise handshake that the node begins.
 *
 * @param {Stream} stream
 * @param {Uint8Array} prologue
 * @param {Identity} identity
 * @returns {Promise<string>} the peer id that the node has proved
 */
async function authenticate (stream, prologue, identity) {
  const staticKey = await newKeyPair()
  const handshake = await Responder.start(prologue, staticKey, await newKeyPair())
  const first = await within(FIRST_LIMIT, readRecord(stream)).catch(error => { throw new Problem('noise-silent', error) })
  await handshake.readFirst(first)
  const second = await handshake.writeSecond(await makePayload(identity, staticKey.publicKey))
  await stream.write(Uint8Array.of(second.length >> 8, second.length & 0xff, ...second))
  const { payload, rs } = await handshake.readThird(await readRecord(stream))
  return await checkPayload(payload, rs).catch(error => {
    throw error instanceof KeyTypeError ? new Problem('key-type', error) : error
  })
}

/** @param {Stream} stream */
async function readRecord (stream) {
  const [high, low] = await stream.readExactly(2)
  return await stream.readExactly(high << 8 | low)
}

/** Counts the checks of ICE while they are made: when it has given up, the browser forgets them. */
class Checks {
  #rtc
  #note
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer
  #sent = 0
  #answered = 0

  /**
   * @param {RTCPeerConnection} rtc
   * @param {(note: string) => void} note
   */
  constructor (rtc, note) {
    this.#rtc = rtc
    this.#note = note
    this.#timer = setInterval(() => { void this.#count() }, 500)
  }

  async #count () {
    const { candidates, checks, answers } = await inspect(this.#rtc)
    if (this.#timer !== undefined) {
      this.#sent = Math.max(this.#sent, checks)
      this.#answered = Math.max(this.#answered, answers)
      this.#note(`${this.#sent} STUN checks sent, ${this.#answered} answered`)
    }
    return candidates
  }

  /**
   * Why there is no path.
   *
   * @param {boolean} privileged whether the port is one that browsers shun
   * @returns {Promise<import('./why.js').Cause>}
   */
  async verdict (privileged) {
    const candidates = await this.#count()
    if (this.#sent === 0) {
      return privileged ? 'privileged-port' : candidates === 0 ? 'no-candidates' : 'ice-silent'
    }
    return this.#answered === 0 ? 'ice-unanswered' : 'ice-broken'
  }

  stop () {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/**
 * Whether Chromium refuses to send to the port of an address (80 and 443 it allows, in public).
 *
 * @param {import('./address.js').Address} address
 */
function isPrivileged ({ port }) {
  return port < 1024
}

/** Waits for ICE. @param {RTCPeerConnection} rtc */
function path (rtc) {
  return until(rtc, ['iceconnectionstatechange', 'connectionstatechange'], () => {
    if (hasFailed(rtc) || ['failed', 'closed'].includes(rtc.iceConnectionState)) {
      throw new Error('the browser has given up')
    }
    return ['connected', 'completed'].includes(rtc.iceConnectionState)
  })
}

/** Waits for DTLS, which is up when the whole connection is. @param {RTCPeerConnection} rtc */
function up (rtc) {
  return until(rtc, ['connectionstatechange'], () => {
    if (hasFailed(rtc)) {
      throw new Error(`the connection is ${rtc.connectionState}`)
    }
    return rtc.connectionState === 'connected'
  })
}

/**
 * What comes of `promise`, unless the connection ends before.
 *
 * @template T
 * @param {RTCPeerConnection} rtc
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
function whileUp (rtc, promise) {
  const end = until(rtc, ['connectionstatechange'], () => isOver(rtc)).then(() => { throw new Error('the node hung up') })
  return Promise.race([promise, end])
}

/** @param {RTCPeerConnection} rtc */
function hasFailed (rtc) {
  return ['failed', 'closed'].includes(rtc.connectionState)
}

/** Whether a connection that was up is so no more. @param {RTCPeerConnection} rtc */
function isOver (rtc) {
  return hasFailed(rtc) || rtc.sctp?.state === 'closed'
}

/** Has everybody who waits look again. @param {RTCPeerConnection} rtc */
function wake (rtc) {
  rtc.dispatchEvent(new Event('connectionstatechange'))
}

/** Milliseconds that a step may take; libp2p’s implementations give the whole set-up as much. */
const STEP_LIMIT = 10_000
const ICE_LIMIT = 10_000
/** For the node’s first word, which needs no answer. */
const FIRST_LIMIT = 5_000
/** Where it is known beforehand what will most likely come of it. */
const PRIVILEGED_LIMIT = 3_000
