// Two data channels that are each other's other end, in memory: what one sends, the other hears in order, in
// a later task, as from a network.

export function channels () {
  const one = new Channel()
  const other = new Channel()
  one.other = other
  other.other = one
  return [one, other]
}

class Channel extends EventTarget {
  readyState = 'open'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  /** The most that has waited. */
  peak = 0
  /** The lengths of what was sent. */
  sent = []

  send (message) {
    if (this.readyState !== 'open') {
      throw new Error('InvalidStateError')
    }
    const data = Uint8Array.from(message).buffer
    this.sent.push(data.byteLength)
    this.bufferedAmount += data.byteLength
    this.peak = Math.max(this.peak, this.bufferedAmount)
    setImmediate(() => {
      this.bufferedAmount -= data.byteLength
      if (this.bufferedAmount <= this.bufferedAmountLowThreshold) {
        this.dispatchEvent(new Event('bufferedamountlow'))
      }
      this.other.dispatchEvent(Object.assign(new Event('message'), { data }))
    })
  }

  close () {
    setImmediate(() => {
      for (const end of [this, this.other]) {
        if (end.readyState !== 'closed') {
          end.readyState = 'closed'
          end.dispatchEvent(new Event('close'))
        }
      }
    })
  }
}
