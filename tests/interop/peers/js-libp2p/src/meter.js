// What a measured dialer counts, between the two lines that the runner gives it. Node only.

import { createInterface } from 'node:readline'
import { words } from './dial.js'
import { say } from './report.js'

/** The time between the two lines, and the pieces of work that fit into it. */
export class Meter {
  static async begin ({ seconds }) {
    say({ event: 'begin' })
    await lines.next()
    const meter = new Meter()
    meter.began = performance.now()
    meter.deadline = meter.began + seconds * 1000
    return meter
  }

  async end (figures) {
    say({ event: 'end', ms: this.elapsed(), ...figures })
    await lines.next()
  }

  elapsed () {
    return performance.now() - this.began
  }

  isLate () {
    return performance.now() >= this.deadline
  }

  /** Does a piece for each item, and nothing new when it is late or all seems to fail. */
  async each (items, atOnce, piece) {
    const each_ms = []
    let failed = 0
    let inARow = 0
    let message = ''
    const left = items[Symbol.iterator]()
    const worker = async () => {
      while (!this.isLate() && inARow <= GIVE_UP) {
        const { value, done } = left.next()
        if (done) {
          return
        }
        const began = performance.now()
        try {
          await patiently(piece(value))
          each_ms.push(performance.now() - began)
          inARow = 0
        } catch (error) {
          message ||= words(error)
          failed++
          inARow++
        }
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    return { done: each_ms.length, each_ms, failed, message }
  }
}

async function patiently (work) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => { reject(new Error('it took too long')) }, PATIENCE)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
/** What one dial, one request, one stream may take, in milliseconds. */
const PATIENCE = 10_000
/** So many failures in a row are no accident. */
const GIVE_UP = 32
