/**
 * What the browser tells of a connection, in one object of a few words, for steps that need a reason.
 */

/**
 * @typedef {object} Facts
 * @property {number} candidates addresses of its own that the browser found
 * @property {number} checks STUN requests that it sent
 * @property {number} answers that came to them
 * @property {string | undefined} pair the two ends that are in use
 * @property {string | undefined} cipher of DTLS, with its version
 */

/**
 * @param {RTCPeerConnection} connection
 * @returns {Promise<Facts>}
 */
export async function inspect (connection) {
  /** @type {any[]} */
  const all = [...(await connection.getStats()).values()]
  const of = (/** @type {string} */ type) => all.filter(one => one.type === type)
  const byId = (/** @type {string | undefined} */ id) => all.find(one => one.id === id)
  const pairs = of('candidate-pair')
  const transport = of('transport')[0]
  const chosen = byId(transport?.selectedCandidatePairId) ?? pairs.find(pair => pair.selected || (pair.nominated && pair.state === 'succeeded'))
  const version = TLS_VERSIONS[transport?.tlsVersion]
  return {
    candidates: of('local-candidate').length,
    checks: sum(pairs, 'requestsSent'),
    answers: sum(pairs, 'responsesReceived'),
    pair: chosen && `${end(byId(chosen.localCandidateId))} → ${end(byId(chosen.remoteCandidateId))}`,
    cipher: transport?.dtlsCipher && [version, transport.dtlsCipher].filter(Boolean).join(', ')
  }
}

/** @param {any} candidate */
function end (candidate) {
  if (candidate === undefined) {
    return '?'
  }
  // Of its own addresses a browser may keep secret which they are.
  const address = candidate.address ?? candidate.ip
  const where = address ? (address.includes(':') ? `[${address}]` : address) : 'hidden'
  return `${where}:${candidate.port} (${candidate.candidateType})`
}

/**
 * @param {any[]} of
 * @param {string} member
 */
function sum (of, member) {
  return of.reduce((total, one) => total + (one[member] ?? 0), 0)
}

/** @type {Record<string, string>} */
const TLS_VERSIONS = { FEFD: 'DTLS 1.2', FEFC: 'DTLS 1.3' }
