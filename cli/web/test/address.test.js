import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress, reach } from '../address.js'
import { base64url, hex } from '../bytes.js'
import { unhex, vectors } from './vectors.js'

const { multiaddr, certhash, fingerprint, multihash } = vectors.certhash
const peer = vectors.noise.B_peer_id

test('an address is taken apart', () => {
  const address = parseAddress(` ${multiaddr}/p2p/${peer}\n`)
  assert.deepEqual({ ...address, fingerprint: hex(address.fingerprint) }, {
    text: `${multiaddr}/p2p/${peer}`, family: 4, ip: '127.0.0.1', port: 39901, fingerprint, peer
  })
  assert.equal(parseAddress(multiaddr).peer, undefined)
  assert.equal(parseAddress(`${multiaddr}/`).peer, undefined)
  const six = parseAddress(`/ip6/fd00::1/udp/1/webrtc-direct/certhash/${certhash}`)
  assert.deepEqual([six.family, six.ip, six.port], [6, 'fd00::1', 1])
})

test('a certhash in any base is the same one', () => {
  const in64 = Buffer.from(multihash, 'hex').toString('base64').replaceAll('=', '')
  for (const text of [certhash, `f${multihash}`, `m${in64}`]) {
    assert.equal(hex(parseAddress(multiaddr.replace(certhash, text)).fingerprint), fingerprint, text)
  }
  assert.equal(`u${base64url(unhex(multihash))}`, certhash)
})

test('a peer id in either form is the same one', () => {
  const cid = 'bafzaajaiaejcaa5ba674ztqqxyoxbxiy45f4aglh4tlddouvbvpr3xegmrasku5r3a'
  const hashed = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'
  assert.equal(parseAddress(`${multiaddr}/p2p/${hashed}`).peer, hashed)
  assert.throws(() => parseAddress(`${multiaddr}/p2p/${cid.slice(0, -4)}`), /no peer id/)
})

test('refusals say what to write instead', () => {
  const direct = '/ip4/192.0.2.1/udp/4001/webrtc-direct'
  for (const [text, says] of [
    ['', /no address/],
    ['192.0.2.1:4001', /starts with a slash/],
    ['/dns4/example.com/udp/1/webrtc-direct', /Names are not resolved/],
    [`/dns/relay/udp/1/quic-v1/p2p/${peer}/p2p-circuit/webrtc`, /Names|relay/],
    ['/ip4/192.0.2.1/udp/4001/webrtc', /relay/],
    ['/ip4/192.0.2.1/tcp/4001', /not an address of webrtc-direct/],
    ['/ip4/192.0.2.1/udp/4001/quic-v1', /not an address of webrtc-direct/],
    [`/ip4/192.0.2.256/udp/1/webrtc-direct/certhash/${certhash}`, /no IPv4/],
    [`/ip6/fe80::1%eth0/udp/1/webrtc-direct/certhash/${certhash}`, /no IPv6/],
    [`/ip6/::1\r\na=x/udp/1/webrtc-direct/certhash/${certhash}`, /no IPv6/],
    [`/ip4/0.0.0.0/udp/1/webrtc-direct/certhash/${certhash}`, /stands for all/],
    [`/ip4/192.0.2.1/udp/0/webrtc-direct/certhash/${certhash}`, /no UDP port/],
    [`/ip4/192.0.2.1/udp/65536/webrtc-direct/certhash/${certhash}`, /no UDP port/],
    [direct, /floe probe/],
    [`${direct}/certhash/${certhash.slice(0, -1)}`, /no certhash|SHA-256/],
    [`${direct}/certhash/uEi!`, /no certhash/],
    [`${direct}/certhash/x`, /begin with uEi/],
    [`${direct}/certhash/${certhash}/p2p/12D3`, /no peer id/],
    [`${direct}/certhash/${certhash}/p2p/${peer}/p2p-circuit`, /relay/],
    [`${direct}/certhash/${certhash}/quic-v1`, /not expected/]
  ]) {
    assert.throws(() => parseAddress(text), says, text)
  }
})

test('how far an address reaches', () => {
  const of = ip => reach(`/ip${ip.includes(':') ? 6 : 4}/${ip}/udp/1/webrtc-direct`)
  assert.deepEqual(['127.0.0.1', '::1', '10.1.2.3', '172.31.0.1', '192.168.1.1', 'fd00::1'].map(of), ['machine', 'machine', 'private', 'private', 'private', 'private'])
  assert.deepEqual(['169.254.1.1', 'fe80::1', '172.32.0.1', '192.0.2.1', '2001:db8::1'].map(of), ['link', 'link', 'anywhere', 'anywhere', 'anywhere'])
})
