/**
 * The steps of a dial: which there are, how long each took, and why it failed.
 */

import { explain } from './why.js'

/** @typedef {import('./why.js').Cause} Cause */
/** @typedef {'address' | 'browser' | 'offer' | 'credentials' | 'answer' | 'ice' | 'dtls' | 'channel' | 'noise' | 'peer-id' | 'ping'} Name */

/**
 * @typedef {object} Step
 * @property {Name} name
 * @property {string} title
 * @property {'waiting' | 'running' | 'done' | 'failed'} state
 * @property {number} [at] when it began, in milliseconds since the first one
 * @property {number} [ms] how long it took
 * @property {string} [note] what was seen
 * @property {{ cause: Cause, message: string, why: string, advice: string[] }} [failure]
 */

/** An error whose cause is known better than by the step in which it happened. */
export class Problem extends Error {
  /**
   * @param {Cause} kind
   * @param {unknown} cause
   */
  constructor (kind, cause) {
    super(messageOf(cause), { cause })
    this.kind = kind
  }
}

/** One dial’s steps. */
export class Steps {
  #tell
  #version
  #start = performance.now()
  /** @type {Step[]} */
  all

  /**
   * @param {import('./sdp.js').Version} version
   * @param {(step: Step) => void} tell is called whenever one changes
   */
  constructor (version, tell) {
    this.#version = version
    this.#tell = tell
    this.all = Object.entries(TITLES).map(([name, title]) => {
      return { name: /** @type {Name} */ (name), title: title.replace('{version}', version), state: 'waiting' }
    })
  }

  /**
   * Runs a step. What it throws is explained as `cause`, unless it is a Problem.
   *
   * @template T
   * @param {Name} name
   * @param {Cause} cause
   * @param {(note: (text: string) => void) => T | Promise<T>} action
   * @returns {Promise<T>}
   */
  async run (name, cause, action) {
    const step = /** @type {Step} */ (this.all.find(step => step.name === name))
    const start = performance.now()
    const change = (/** @type {Partial<Step>} */ change) => { this.#tell(Object.assign(step, change)) }
    change({ state: 'running', at: start - this.#start })
    try {
      const result = await action(note => { change({ note }) })
      change({ state: 'done', ms: performance.now() - start })
      return result
    } catch (error) {
      const kind = error instanceof Problem ? error.kind : cause
      const failure = { cause: kind, message: messageOf(error), ...explain(kind, this.#version) }
      change({ state: 'failed', ms: performance.now() - start, failure })
      throw error
    }
  }
}

/** @param {unknown} error */
function messageOf (error) {
  return error instanceof Error ? error.message : String(error)
}

/** @type {Record<Name, string>} */
const TITLES = {
  address: 'Read the address',
  browser: 'Look at this browser',
  offer: 'Create a peer connection',
  credentials: 'Set ICE credentials for {version}',
  answer: 'Make up the node’s answer',
  ice: 'ICE finds a path over UDP',
  dtls: 'DTLS meets the promised certificate',
  channel: 'SCTP opens data channel 0',
  noise: 'Noise proves who is there',
  'peer-id': 'The peer id is the one dialed',
  ping: 'A first stream: ping'
}
