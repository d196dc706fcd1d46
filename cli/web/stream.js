/**
 * A stream of libp2p over a data channel: bytes both ways, each way with an end of its own.
 *
 * What is sent waits while the channel has enough to do. What comes cannot be held back, a browser has no
 * means for that, so whoever opens a stream reads it.
 */

import { concat } from './bytes.js'
import { Decoder, encodeFlag, encodePayload, Flag, PAYLOAD_MAX } from './frame.js'
import { until, within } from './wait.js'

export class Stream {
  #channel
  #decoder = new Decoder()
  /** @type {Uint8Array[]} */
  #unread = []
  /** What ended the stream before its time. @type {Error | undefined} */
  #broken
  #readEnded = false
  #writeEnded = false
  #acknowledged = false
  #events = new EventTarget()

  /** @param {RTCDataChannel} channel */
  constructor (channel) {
    this.#channel = channel
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = LOW
    channel.addEventListener('message', ({ data }) => { this.#take(data) })
    channel.addEventListener('close', () => { this.#break(new Error('the data channel was closed')) })
    channel.addEventListener('error', event => {
      this.#break(/** @type {RTCErrorEvent} */ (event).error ?? new Error('the data channel failed'))
    })
  }

  /**
   * Opens a stream.
   *
   * @param {RTCPeerConnection} connection
   */
  static async open (connection) {
    // Channels of libp2p have no label.
    const stream = new Stream(connection.createDataChannel(''))
    await stream.opened()
    return stream
  }

  /** Waits until bytes can go. */
  async opened () {
    await until(this.#channel, ['open', 'close', 'error'], () => {
      if (this.#broken !== undefined || ['closing', 'closed'].includes(this.#channel.readyState)) {
        throw this.#broken ?? new Error('the data channel was closed')
      }
      return this.#channel.readyState === 'open'
    })
  }

  /** Bytes that were written and have not left the browser. */
  get buffered () {
    return this.#channel.bufferedAmount
  }

  /**
   * What has come; nothing if the other side has ended.
   *
   * @returns {Promise<Uint8Array | undefined>}
   */
  async read () {
    await until(this.#events, ['change'], () => this.#unread.length > 0 || this.#readEnded || this.#broken !== undefined)
    const bytes = this.#unread.shift()
    if (bytes === undefined && !this.#readEnded) {
      throw this.#broken
    }
    return bytes
  }

  /**
   * Exactly so many bytes.
   *
   * @param {number} length
   */
  async readExactly (length) {
    let bytes = new Uint8Array()
    while (bytes.length < length) {
      const more = await this.read()
      if (more === undefined) {
        throw new Error(`the stream ended after ${bytes.length} of ${length} bytes`)
      }
      bytes = concat(bytes, more)
    }
    if (bytes.length > length) {
      this.#unread.unshift(bytes.subarray(length))
    }
    return bytes.subarray(0, length)
  }

  /**
   * Sends bytes, as fast as the channel takes them.
   *
   * @param {Uint8Array} bytes
   */
  async write (bytes) {
    for (let at = 0; at < bytes.length; at += PAYLOAD_MAX) {
      await until(this.#channel, ['bufferedamountlow', 'close', 'error'], () => {
        return this.#channel.bufferedAmount <= HIGH || this.#channel.readyState !== 'open'
      })
      if (this.#broken !== undefined || this.#writeEnded) {
        throw this.#broken ?? new Error('the stream takes no more')
      }
      encodePayload(bytes.subarray(at, at + PAYLOAD_MAX)).forEach(message => { this.#send(message) })
    }
  }

  /** Says that there is no more to come. */
  end () {
    if (!this.#writeEnded && this.#broken === undefined) {
      this.#writeEnded = true
      this.#send(encodeFlag(Flag.FIN))
    }
  }

  /** Ends the stream in both directions, and waits a moment for the other side to have done so. */
  async close () {
    this.end()
    const over = until(this.#events, ['change'], () => this.#broken !== undefined || (this.#acknowledged && this.#readEnded))
    await within(CLOSE_LIMIT, over).catch(() => {
      // Some never acknowledge an end, and what they say now is of no interest.
    })
    this.#channel.close()
  }

  /** Breaks the stream off. */
  reset () {
    if (this.#channel.readyState === 'open') {
      this.#send(encodeFlag(Flag.RESET))
    }
    this.#break(new Error('the stream was reset here'))
    this.#channel.close()
  }

  /** @param {Uint8Array} message */
  #send (message) {
    this.#channel.send(/** @type {Uint8Array<ArrayBuffer>} */ (message))
  }

  /** @param {ArrayBuffer | string} message */
  #take (message) {
    if (this.#broken !== undefined) {
      return
    }
    try {
      if (typeof message === 'string') {
        throw new Error('the node sent text, where libp2p sends bytes')
      }
      this.#decoder.push(new Uint8Array(message)).forEach(frame => { this.#handle(frame) })
    } catch (error) {
      this.reset()
      this.#broken = /** @type {Error} */ (error)
    }
    this.#events.dispatchEvent(new Event('change'))
  }

  /** @param {import('./frame.js').Frame} frame */
  #handle ({ flag, payload }) {
    if (payload !== undefined && !this.#readEnded) {
      this.#unread.push(payload)
    }
    switch (flag) {
      case Flag.FIN:
        this.#readEnded = true
        if (this.#channel.readyState === 'open') {
          this.#send(encodeFlag(Flag.FIN_ACK))
        }
        break
      case Flag.FIN_ACK:
        this.#acknowledged = true
        break
      case Flag.STOP_SENDING:
        this.#writeEnded = true
        this.#acknowledged = true
        break
      case Flag.RESET:
        this.#break(new Error('the node reset the stream'))
        this.#channel.close()
        break
    }
  }

  /** @param {Error} error */
  #break (error) {
    this.#broken ??= error
    this.#events.dispatchEvent(new Event('change'))
  }
}

/** Bytes that may wait in the browser; when fewer than LOW are left, more are handed over. */
const HIGH = 1024 * 1024
const LOW = 256 * 1024
/** How long a closed stream waits for the other side, in milliseconds. */
const CLOSE_LIMIT = 2_000
