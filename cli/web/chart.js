/**
 * A plot of throughput over time, drawn while it grows: one line for what goes up, one for what comes down.
 */

import { svg } from './element.js'
import { MIB } from './format.js'

/** @typedef {{ at: number, up: number, down: number }} Point seconds, and bytes a second each way */

export class Chart {
  #host
  /** @type {Point[]} */
  #points = [{ at: 0, up: 0, down: 0 }]

  /** @param {HTMLElement} host is filled, and followed as it changes its size */
  constructor (host) {
    this.#host = host
    new ResizeObserver(() => { this.#draw() }).observe(host)
  }

  /** Begins anew, from nothing. */
  clear () {
    this.#points = [{ at: 0, up: 0, down: 0 }]
    this.#draw()
  }

  /** @param {Point} point */
  add (point) {
    this.#points.push(point)
    this.#draw()
  }

  #draw () {
    const width = this.#host.clientWidth
    const seconds = Math.max(1, /** @type {Point} */ (this.#points.at(-1)).at)
    const peak = Math.max(1, ...this.#points.map(({ up, down }) => Math.max(up, down) / MIB))
    const step = nice(peak / 4)
    const top = Math.ceil(peak / step) * step
    const x = (/** @type {number} */ at) => LEFT + at / seconds * (width - LEFT - RIGHT)
    const y = (/** @type {number} */ rate) => TOP + (1 - rate / top) * (HEIGHT - TOP - BOTTOM)

    const grid = []
    for (let rate = 0; rate <= top + step / 2; rate += step) {
      grid.push(
        svg('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(rate), y2: y(rate) }),
        svg('text', { x: LEFT - 8, y: y(rate) + 4, 'text-anchor': 'end' }, String(round(rate)))
      )
    }
    const tick = nice(seconds / Math.max(3, Math.floor(width / 110)))
    for (let at = 0; at <= seconds + tick / 1000; at += tick) {
      grid.push(svg('text', { x: x(at), y: HEIGHT - 6, 'text-anchor': 'middle' }, `${round(at)} s`))
    }
    const lines = SERIES.flatMap(series => {
      const points = this.#points.map(point => `${x(point.at).toFixed(1)},${y(point[series] / MIB).toFixed(1)}`)
      if (!this.#points.some(point => point[series] > 0)) {
        return []
      }
      const area = `M${x(this.#points[0].at)},${y(0)}L${points.join('L')}L${x(seconds)},${y(0)}Z`
      return [svg('path', { class: `area ${series}`, d: area }), svg('path', { class: `line ${series}`, d: `M${points.join('L')}` })]
    })
    this.#host.replaceChildren(svg('svg', { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, 'aria-hidden': 'true' },
      svg('text', { x: LEFT - 8, y: 12, 'text-anchor': 'end', class: 'unit' }, 'MiB/s'), ...grid, ...lines))
  }
}

/**
 * The next of 1, 2, 5 times a power of ten.
 *
 * @param {number} value
 */
export function nice (value) {
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 5, 10].find(factor => factor * power >= value * (1 - 1e-9)) ?? 10
  return factor * power
}

/** @param {number} value */
function round (value) {
  return Number(value.toFixed(2))
}

/** @type {('up' | 'down')[]} */
const SERIES = ['down', 'up']
const HEIGHT = 220
const LEFT = 46
const RIGHT = 16
const TOP = 26
const BOTTOM = 26
