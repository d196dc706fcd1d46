/**
 * The page: what its buttons do, and what it shows of it.
 */

import { chosenAddress, prepare, showAddresses } from './address-list.js'
import { Chart } from './chart.js'
import { dial } from './dial.js'
import { byId } from './element.js'
import { bytes, duration, MIB, rate } from './format.js'
import { Meter } from './meter.js'
import { NotSpokenError } from './multistream.js'
import { follow } from './node.js'
import { download, ECHO, echo, PERF, upload } from './perf.js'
import { median, PING, ping } from './ping.js'
import { reportOf } from './report.js'
import { announce, showSteps } from './step-list.js'
import { Problem, Steps } from './steps.js'

/** @typedef {import('./dial.js').Connection} Connection */

/** What is shown, and told in a report. @type {import('./report.js').Record} */
const record = { node: undefined, address: '', version: 'v2', steps: new Steps('v2', () => {}).all, pings: [], transfers: [], errors: [] }
/** @type {Connection | undefined} */
let connection
const chart = new Chart(byId('chart'))

prepare()
showSteps(record.steps)
void follow(node => {
  record.node = node
  byId('node').textContent = node?.peer ?? 'The node does not answer. Is floe still running?'
  byId('whose').hidden = node === undefined
  byId('version').textContent = node === undefined ? '' : `floe ${node.version}`
  document.documentElement.dataset.node = node === undefined ? 'gone' : 'here'
  showAddresses(node?.addrs ?? [])
})
for (const version of /** @type {const} */ (['v2', 'v1'])) {
  byId(`dial-${version}`).addEventListener('click', () => { void run(() => connect(version)) })
}
byId('other').addEventListener('keydown', (/** @type {KeyboardEvent} */ { key }) => {
  if (key === 'Enter') {
    byId('dial-v2').click()
  }
})
byId('ping').addEventListener('click', () => { void run(pingAgain) })
for (const kind of ['upload', 'download', 'echo']) {
  byId(kind).addEventListener('click', () => { void run(() => transfer(kind)) })
}
byId('close').addEventListener('click', () => { connection?.close() })
byId('copy').addEventListener('click', () => { void copy() })
showReport()

/**
 * Runs what a button stands for; one at a time.
 *
 * @param {() => Promise<void>} action
 */
async function run (action) {
  busy(true)
  try {
    await action()
  } finally {
    busy(false)
    showReport()
  }
}

/** @param {boolean} is */
function busy (is) {
  document.documentElement.dataset.busy = String(is)
  for (const button of document.querySelectorAll('button[data-needs]')) {
    const needsConnection = /** @type {HTMLElement} */ (button).dataset.needs === 'connection'
    button.toggleAttribute('disabled', is || (needsConnection && connection === undefined))
  }
  byId('close').hidden = connection === undefined
}

/** @param {import('./sdp.js').Version} version */
async function connect (version) {
  connection?.close()
  connection = undefined
  clear()
  const steps = new Steps(version, step => {
    showSteps(steps.all)
    if (step.state !== 'running') {
      announce(`${step.title}: ${step.state}`)
    }
  })
  Object.assign(record, { address: chosenAddress(), version, steps: steps.all })
  state('dialing', `Dialing with ${version}`)
  try {
    const dialed = await dial(record.address, version, steps)
    connection = dialed
    void dialed.ended().then(() => { over(dialed) })
    await steps.run('ping', 'ping', async note => {
      note(`${duration(await firstPing(dialed))} there and back`)
    })
    state('connected', `Connected with ${version} in ${duration(total(steps.all))}`)
  } catch {
    // The step has said why. A node without ping is connected all the same.
    if (connection === undefined) {
      state('failed', `Not connected with ${version}`)
    } else {
      state('connected', `Connected with ${version}, without ping`)
    }
  }
  record.facts = await connection?.facts()
}

/**
 * Milliseconds until the node had proved who it is.
 *
 * @param {import('./steps.js').Step[]} steps
 */
function total (steps) {
  const last = steps.find(step => step.name === 'peer-id')
  return (last?.at ?? 0) + (last?.ms ?? 0)
}

/** @param {Connection} dialed */
async function firstPing (dialed) {
  const stream = await dialed.open(PING).catch(error => {
    throw error instanceof NotSpokenError ? new Problem('not-spoken', error) : error
  })
  const took = await ping(stream)
  void stream.close()
  return took
}

/** @param {Connection} ended */
function over (ended) {
  if (connection === ended) {
    connection = undefined
    state('closed', 'The connection is closed')
    busy(document.documentElement.dataset.busy === 'true')
  }
}

async function pingAgain () {
  record.pings = []
  await using('ping', PING, async stream => {
    for (let count = 1; count <= PINGS; count++) {
      record.pings.push(await ping(stream))
      showPings()
    }
  })
}

function showPings () {
  const { pings } = record
  byId('rtts').textContent = pings.map(ms => ms.toFixed(1)).join('  ')
  byId('rtt-last').textContent = duration(/** @type {number} */ (pings.at(-1)))
  byId('rtt-min').textContent = duration(Math.min(...pings))
  byId('rtt-median').textContent = duration(median(pings))
  byId('rtts').dataset.count = String(pings.length)
}

/** @param {string} kind */
async function transfer (kind) {
  const length = Number(byId('size').value) * MIB
  const { protocol, action, verb } = TRANSFERS[kind]
  chart.clear()
  const meter = new Meter()
  /** @type {import('./perf.js').Progress} */
  let now = { sent: 0, received: 0 }
  let timer
  try {
    await using(kind, protocol, async stream => {
      timer = setInterval(() => {
        // What still waits in the browser is not on its way yet.
        meter.now = { ...now, sent: Math.max(0, now.sent - stream.buffered) }
        chart.add(meter.point())
        showTransfer(kind, verb, meter, length)
      }, SAMPLE)
      await action(stream, length, progress => { now = progress })
      const ms = meter.seconds * 1000
      record.transfers.push({ kind, length, ms })
      meter.now = now
      showTransfer(kind, verb, meter, length)
      byId('transfer').dataset.done = kind
      announce(`${kind} done: ${bytes(length)} in ${duration(ms)}`)
    })
  } finally {
    clearInterval(timer)
  }
}

/**
 * @param {string} kind
 * @param {string} verb
 * @param {Meter} meter
 * @param {number} length
 */
function showTransfer (kind, verb, meter, length) {
  const { sent, received } = meter.now
  const count = kind === 'upload' ? sent : received
  byId('moved').textContent = `${bytes(count)} of ${bytes(length)} ${verb}`
  byId('moved').dataset.bytes = String(count)
  byId('average').textContent = rate(count / meter.seconds)
  byId('peak').textContent = rate(meter.peak)
  byId('took').textContent = duration(meter.seconds * 1000)
}

/**
 * Does something on a stream of its own.
 *
 * @param {string} what
 * @param {string} protocol
 * @param {(stream: import('./stream.js').Stream) => Promise<void>} action
 */
async function using (what, protocol, action) {
  const panel = byId(what === 'ping' ? 'ping-error' : 'transfer-error')
  panel.textContent = ''
  delete byId('transfer').dataset.done
  try {
    if (connection === undefined) {
      throw new Error('there is no connection')
    }
    const stream = await connection.open(protocol)
    try {
      await action(stream)
      void stream.close()
    } catch (error) {
      stream.reset()
      throw error
    }
  } catch (error) {
    const message = `${what} failed: ${/** @type {Error} */ (error).message}`
    record.errors.push(message)
    panel.textContent = message
  }
}

/** Takes away what was of the last connection. */
function clear () {
  Object.assign(record, { pings: [], transfers: [], errors: [], facts: undefined })
  chart.clear()
  for (const id of ['rtts', 'ping-error', 'transfer-error', 'moved']) {
    byId(id).textContent = ''
  }
  for (const id of ['rtt-last', 'rtt-min', 'rtt-median', 'average', 'peak', 'took']) {
    byId(id).textContent = '–'
  }
  delete byId('rtts').dataset.count
  delete byId('transfer').dataset.done
}

/**
 * @param {'dialing' | 'connected' | 'failed' | 'closed'} name
 * @param {string} text
 */
function state (name, text) {
  document.documentElement.dataset.state = name
  byId('state').textContent = text
  announce(text)
  busy(document.documentElement.dataset.busy === 'true')
}

function showReport () {
  byId('report').textContent = reportOf(record, { userAgent: navigator.userAgent, page: location.origin, date: new Date() })
}

async function copy () {
  showReport()
  try {
    await navigator.clipboard.writeText(byId('report').textContent)
    byId('copied').textContent = 'Copied.'
  } catch {
    // Not every browser lets every page: then it is there to be selected.
    getSelection()?.selectAllChildren(byId('report'))
    byId('copied').textContent = 'Selected: copy it with the keyboard.'
  }
}

/** @type {Record<string, { protocol: string, action: typeof upload, verb: string }>} */
const TRANSFERS = {
  upload: { protocol: PERF, action: upload, verb: 'sent' },
  download: { protocol: PERF, action: download, verb: 'received' },
  echo: { protocol: ECHO, action: echo, verb: 'sent, received back and compared' }
}

const PINGS = 20
/** Milliseconds between two points of the plot. */
const SAMPLE = 100
