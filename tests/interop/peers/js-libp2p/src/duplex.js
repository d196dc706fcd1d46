// A stream of js-libp2p as the stories need it: pulled instead of pushed, and with an error where
// js-libp2p has only a state. It must ask nothing of js-libp2p but its public interface.

import { Sequence } from './sequence.js'

/** Of all protocols that the contract has. */
export class Duplex {
  #stream
  #pieces = []
  #listening = false
  #wake = () => {}

  constructor (stream) {
    this.#stream = stream
  }

  /** The next piece, or `undefined` at the end. Nothing is taken from the stream before the first call. */
  async read () {
    this.#listen()
    while (this.#pieces.length === 0) {
      this.#refuseIfReset()
      if (this.#stream.readableEnded) {
        return undefined
      }
      await new Promise(resolve => { this.#wake = resolve })
    }
    return this.#pieces.shift()
  }

  /** The next `count` bytes, in pieces. */
  async * take (count) {
    let missing = count
    while (missing > 0) {
      const piece = await this.read()
      if (piece === undefined) {
        throw new Error(`${count - missing} of ${count} bytes came`)
      }
      if (piece.length > missing) {
        this.#pieces.unshift(piece.subarray(missing))
      }
      const taken = piece.subarray(0, missing)
      missing -= taken.length
      yield taken
    }
  }

  /** Everything up to the end, in pieces. */
  async * rest () {
    for (let piece = await this.read(); piece !== undefined; piece = await this.read()) {
      yield piece
    }
  }

  /** Gives bytes to the stream and waits until it can take more. */
  async write (bytes) {
    this.#refuseIfStopped()
    if (!this.#stream.send(bytes)) {
      await this.#drained()
    }
    this.#refuseIfStopped()
  }

  /** Writes `count` bytes of the sequence. */
  async writeSequence (count) {
    const sequence = new Sequence()
    for (let left = count; left > 0; left -= PIECE) {
      await this.write(sequence.take(Math.min(left, PIECE)))
    }
  }

  /**
   * Ends the write half. js-libp2p waits ten seconds for the FIN_ACK and then throws; nobody here needs
   * it, and some peers never send one, so that this waits a second and no longer.
   */
  async end () {
    await this.#drained()
    const closed = this.#stream.close().catch(() => {})
    await Promise.race([closed, new Promise(resolve => setTimeout(resolve, FIN_ACK))])
  }

  /** Asks the peer to send no more (STOP_SENDING). */
  async stop () {
    await this.#stream.closeRead()
  }

  /** Ends both directions at once (RESET). */
  reset () {
    this.#stream.abort(new Error('the story resets this stream'))
  }

  #listen () {
    if (this.#listening) {
      return
    }
    this.#listening = true
    this.#stream.addEventListener('message', event => {
      this.#pieces.push(event.data.subarray())
      this.#wake()
    })
    for (const event of ['end', 'close']) {
      this.#stream.addEventListener(event, () => { this.#wake() })
    }
  }

  // Stream.onDrain() would not do: having resolved once, it stays resolved.
  async #drained () {
    const stream = this.#stream
    while (stream.writableNeedsDrain && stream.status === 'open') {
      await new Promise(resolve => {
        const done = () => {
          for (const event of AFTER_WAITING) {
            stream.removeEventListener(event, done)
          }
          resolve()
        }
        for (const event of AFTER_WAITING) {
          stream.addEventListener(event, done)
        }
      })
    }
  }

  #refuseIfReset () {
    if (this.#stream.status === 'reset' || this.#stream.status === 'aborted') {
      throw new Error(`the stream was ${this.#stream.status}`)
    }
  }

  // js-libp2p drops in silence what is written behind a STOP_SENDING.
  #refuseIfStopped () {
    this.#refuseIfReset()
    if (this.#stream.remoteReadStatus === 'closed') {
      throw new Error('the peer reads no more')
    }
    if (this.#stream.status !== 'open') {
      throw new Error(`the stream is ${this.#stream.status}`)
    }
  }
}

/** Enough for four messages, little enough to notice a STOP_SENDING soon. */
const PIECE = 64 * 1024
const FIN_ACK = 1000
const AFTER_WAITING = ['drain', 'idle', 'close']
