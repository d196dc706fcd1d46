/**
 * How fast bytes go, from how many have gone: the plot's points and the figures beside it.
 */

/** @typedef {import('./perf.js').Progress} Progress */
/** @typedef {import('./chart.js').Point} Point */

export class Meter {
  #start = performance.now()
  /** What was known at the last points, the oldest first. @type {{ at: number, sent: number, received: number }[]} */
  #known = [{ at: 0, sent: 0, received: 0 }]
  /** @type {Progress} */
  now = { sent: 0, received: 0 }
  /** Bytes a second, of the better direction, over WINDOW points. */
  peak = 0

  /** Seconds since the beginning. */
  get seconds () {
    return (performance.now() - this.#start) / 1000
  }

  /**
   * The next point of the plot, over the last few of them, for a line that can be read.
   *
   * @returns {Point}
   */
  point () {
    const now = { at: this.seconds, ...this.now }
    this.#known.push(now)
    if (this.#known.length > WINDOW + 1) {
      this.#known.shift()
    }
    const then = this.#known[0]
    const over = Math.max(now.at - then.at, 1e-3)
    const point = { at: now.at, up: Math.max(0, now.sent - then.sent) / over, down: (now.received - then.received) / over }
    this.peak = Math.max(this.peak, point.up, point.down)
    return point
  }
}

/** Points that a rate is measured over. */
const WINDOW = 4
