/**
 * The steps of a dial, as a list: what each came to, when it happened, and how long it took.
 */

import { byId, html } from './element.js'
import { duration } from './format.js'

/** @typedef {import('./steps.js').Step} Step */

/**
 * Shows the steps as they are now.
 *
 * @param {Step[]} steps
 */
export function showSteps (steps) {
  const list = byId('steps')
  const span = Math.max(1, ...steps.map(step => (step.at ?? 0) + (step.ms ?? 0)))
  list.replaceChildren(...steps.map(step => show(step, span)))
}

/**
 * Says in words what has just happened, for those who do not see the list.
 *
 * @param {string} text
 */
export function announce (text) {
  byId('status').textContent = text
}

/**
 * @param {Step} step
 * @param {number} span milliseconds that all of them took
 */
function show (step, span) {
  const { name, state, title, note, at = 0, ms, failure } = step
  const item = html('li', { 'data-step': name, 'data-state': state, 'data-cause': failure?.cause },
    html('span', { class: 'mark', role: 'img', 'aria-label': STATES[state] }),
    html('span', { class: 'title' }, title),
    html('span', { class: 'track', 'aria-hidden': 'true' }, bar(at, ms, span)),
    html('span', { class: 'time' }, ms === undefined ? '' : duration(ms)),
    note === undefined ? undefined : html('span', { class: 'note' }, note)
  )
  if (failure !== undefined) {
    item.append(html('div', { class: 'failure', role: 'alert' },
      html('p', { class: 'message' }, `${sentence(failure.message)}`),
      html('p', {}, failure.why),
      html('h3', {}, 'What to do'),
      html('ul', {}, ...failure.advice.map(advice => html('li', {}, advice)))
    ))
  }
  return item
}

/**
 * @param {number} at
 * @param {number | undefined} ms
 * @param {number} span
 */
function bar (at, ms, span) {
  if (ms === undefined) {
    return undefined
  }
  const bar = html('span', { class: 'bar' })
  bar.style.left = `${at / span * 100}%`
  bar.style.width = `${ms / span * 100}%`
  return bar
}

/** @param {string} text */
function sentence (text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')
}

const STATES = { waiting: 'not yet', running: 'under way', done: 'done', failed: 'failed' }
