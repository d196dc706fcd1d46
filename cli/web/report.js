/**
 * What happened, as text to paste into a bug report.
 */

import { bytes, duration, rate } from './format.js'
import { median } from './ping.js'

/** @typedef {import('./steps.js').Step} Step */
/** @typedef {{ kind: string, length: number, ms: number }} Transfer */

/**
 * @typedef {object} Record
 * @property {import('./node.js').Node | undefined} node
 * @property {string} address
 * @property {string} version
 * @property {Step[]} steps
 * @property {import('./stats.js').Facts} [facts]
 * @property {number[]} pings round trips in milliseconds
 * @property {Transfer[]} transfers
 * @property {string[]} errors what went wrong after the dial
 */

/**
 * @param {Record} record
 * @param {{ userAgent: string, page: string, date: Date }} place
 */
export function reportOf (record, { userAgent, page, date }) {
  const { node, address, version, steps, facts, pings, transfers, errors } = record
  const failed = steps.find(step => step.state === 'failed')
  const over = steps.every(step => step.state === 'done')
  return [
    `webrtc-direct ${version}: ${failed ? `failed at ${failed.name} (${failed.failure?.cause})` : over ? 'connected' : 'under way'}`,
    `address: ${address}`,
    `date: ${date.toISOString()}`,
    `browser: ${userAgent}`,
    `page: ${page}, floe ${node?.version ?? 'does not answer'}`,
    '',
    ...steps.map(describe),
    ...failed?.failure ? ['', `${failed.name}: ${failed.failure.message}`] : [],
    '',
    ...facts?.pair ? [`path: ${facts.pair}`] : [],
    ...facts ? [`stun: ${facts.checks} checks sent, ${facts.answers} answered; ${facts.candidates} local candidates`] : [],
    ...facts?.cipher ? [`dtls: ${facts.cipher}`] : [],
    ...pings.length > 0 ? [`ping: ${pings.length} round trips, min ${duration(Math.min(...pings))}, median ${duration(median(pings))}`] : [],
    ...transfers.map(({ kind, length, ms }) => `${kind}: ${bytes(length)} in ${duration(ms)}, ${rate(length / ms * 1000)}`),
    ...errors
  ].join('\n').replaceAll(/\n{3,}/g, '\n\n').trim() + '\n'
}

/** @param {Step} step */
function describe ({ name, state, ms, note }) {
  const time = ms === undefined ? '' : duration(ms)
  return `${name.padEnd(12)}${state.padEnd(9)}${time.padStart(9)}  ${note ?? ''}`.trimEnd()
}
