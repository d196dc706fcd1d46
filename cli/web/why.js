/**
 * Why a step usually fails, and what to do about it: for operators who ask why a browser cannot dial their node.
 */

/**
 * @typedef {'address' | 'insecure' | 'no-webrtc' | 'no-crypto' | 'offer' | 'munging' | 'no-password' | 'answer'
 *   | 'ice-silent' | 'no-candidates' | 'privileged-port' | 'ice-unanswered' | 'ice-broken' | 'certhash' | 'dtls' | 'channel' | 'noise-silent' | 'noise' | 'key-type'
 *   | 'peer-id' | 'not-spoken' | 'ping'} Cause
 */

/** @typedef {{ why: string, advice: string[] }} Explanation */

/**
 * @param {Cause} cause
 * @param {import('./sdp.js').Version} version that was dialed
 * @returns {Explanation}
 */
export function explain (cause, version) {
  const { why, advice } = EXPLANATIONS[cause]
  const fill = (/** @type {string} */ text) => text.replaceAll('{version}', version).replaceAll('{other}', version === 'v1' ? 'v2' : 'v1')
  return { why: fill(why), advice: advice.map(fill) }
}

/** @type {Record<Cause, Explanation>} */
const EXPLANATIONS = {
  address: {
    why: 'Nothing was sent yet: the address cannot be used as it stands.',
    advice: ['Copy the whole address that the node prints when it starts, from /ip4 or /ip6 to the peer id.']
  },
  insecure: {
    why: 'Browsers give pages cryptography only in a secure context, which is HTTPS or localhost. This page was opened under another name.',
    advice: [
      'Open it as http://127.0.0.1:PORT/ or http://localhost:PORT/ on the machine where floe runs.',
      'From another machine: ssh -L PORT:127.0.0.1:PORT HOST, and then the same.'
    ]
  },
  'no-webrtc': {
    why: 'This browser has no WebRTC, or it is switched off. Tor Browser has none; extensions against “WebRTC leaks”, policies of companies, and media.peerconnection.enabled in Firefox take it away.',
    advice: ['Try a private window without extensions, or another browser.', 'The node is not to blame: nothing was sent to it.']
  },
  'no-crypto': {
    why: 'The dial needs X25519 and Ed25519 from the browser’s own cryptography. Chromium has both from 137, Firefox from 130, Safari from 17.',
    advice: ['Update the browser.', 'The node is not to blame: nothing was sent to it. Applications that bring their own cryptography do not depend on this.']
  },
  offer: {
    why: 'The browser refuses to make a peer connection at all. A policy may forbid it, or too many are open in other tabs.',
    advice: ['Close other tabs that use WebRTC, or restart the browser.']
  },
  munging: {
    why: 'v1 needs a page to write ICE credentials of its own into the browser’s offer (“munging”), and this browser does not allow that any more. v1 is impossible here, for every node.',
    advice: [
      'Dial with v2, which leaves the offer alone.',
      'If a node of yours speaks v1 only, it needs a libp2p that listens for v2: floe does, go-libp2p from 0.49.'
    ]
  },
  'no-password': {
    why: 'v2 tells the node the browser’s own ICE password, and this browser did not take its offer, or does not show the password in it.',
    advice: ['Try v1, or another browser.', 'Please report the browser and its version: v2 was made for all of them.']
  },
  answer: {
    why: 'The browser does not accept the answer that this page made up for the node. Nothing was sent yet.',
    advice: ['Look at the address: an unusual IP address is what the answer has from it.', 'Otherwise please report this, with the browser and its version: it is a defect of this page.']
  },
  'ice-silent': {
    why: 'The browser did not send a single packet: it has no address of its own that could reach this one, or something forbids it UDP.',
    advice: [
      'An IPv6 address needs a browser on a network with IPv6, likewise IPv4.',
      'Firefox does not dial loopback addresses: choose another address of the node.',
      'Try a private window without extensions: settings and extensions against “WebRTC leaks”, VPNs and proxy-only policies forbid UDP.'
    ]
  },
  'no-candidates': {
    why: 'The browser did not send a single packet: it found no network address of its own that it may use. A setting or an extension against “WebRTC leaks”, a VPN or a proxy-only policy hide them all; or there is no network.',
    advice: ['Try a private window without extensions, or another browser.', 'The node is not to blame: nothing was sent to it.']
  },
  'privileged-port': {
    why: 'The browser did not send a single packet. Chromium refuses UDP ports below 1024, except 80 and 443 of public addresses.',
    advice: ['Let the node listen on a port from 1024 up; with floe: --listen /ip4/0.0.0.0/udp/4001/webrtc-direct.', 'Other programs are not bound to this: that ‘floe dial’ gets through means nothing for browsers here.']
  },
  'ice-unanswered': {
    why: 'The browser asked over UDP and nobody answered. Either nothing listens on that port, or UDP does not get there or back, or the node does not speak {version}: it then says nothing at all.',
    advice: [
      'Is the node running, and is this one of the addresses that it prints now? The port changes with each start unless --listen fixes it.',
      'Open the port for UDP, not TCP, in the node’s firewall and its cloud’s security group, and forward it in its router.',
      'A private or loopback address works only within its network or machine, a container’s only if the port is published as UDP.',
      'Try {other}: rust-libp2p, js-libp2p and older go-libp2p answer v1 only.',
      'From another machine, ‘floe probe ADDRESS’ tells a closed port from a silent one.'
    ]
  },
  'ice-broken': {
    why: 'The node answered, but no path was kept: answers came with the wrong credentials, or the network dropped what followed.',
    advice: ['Try again; if it stays so, try {other}, and ‘floe probe ADDRESS’ from the same network.', 'Look at the node’s log: it may have refused the peer (limits).']
  },
  certhash: {
    why: 'The node answered and DTLS began, and then the browser refused what it saw. Almost always that is the certificate: it is not the one that /certhash/ in the address promises, because the address is old. Many nodes make a new certificate at each start, or every two weeks.',
    advice: [
      'Take the address from what the node prints or announces now.',
      'Keep the certificate: with floe use --key FILE, and certhash and peer id stay what they are.',
      '‘floe probe ADDRESS’ says which certhash the node presents. If another node took over the address, its peer id says so.'
    ]
  },
  dtls: {
    why: 'The path is there, since STUN was answered, but DTLS does not come about. Its packets are larger than those of STUN: something may drop them. Or the certificate is not the promised one, and the browser keeps that to itself.',
    advice: [
      'Compare /certhash/ in the address with the one that the node prints now.',
      'Look for a small MTU, a VPN, or a firewall that lets only STUN through.',
      '‘floe probe ADDRESS’ from the same network tells these apart.'
    ]
  },
  channel: {
    why: 'DTLS is up with the right certificate, but SCTP inside it does not open data channel 0. The node’s libp2p gave up after DTLS, or large packets are lost on the way.',
    advice: ['Look at the node’s log at this moment: limits on connections are the usual reason.', 'Check the MTU of the path, of VPNs above all.']
  },
  'noise-silent': {
    why: 'The data channel is open, but the node did not send the first message of Noise, which is the listener’s to send.',
    advice: ['Is it a libp2p node that listens on webrtc-direct? Implementations that expect the dialer to begin (early py-libp2p) do not work with anybody else’s.', 'Look at the node’s log: it may have hung up.']
  },
  noise: {
    why: 'The Noise handshake failed. It includes the certificates of both sides, so it fails if something between takes DTLS apart, or if the node’s libp2p sees another certificate than the browser showed.',
    advice: ['Look for a proxy or a load balancer that speaks WebRTC itself.', 'Look at the node’s log: it may have refused this peer and hung up.', 'If the node is floe: please report this, with the report below and the node’s log (RUST_LOG=floe=debug).']
  },
  'key-type': {
    why: 'The handshake went well up to the node’s identity, which is of a kind that this page cannot check: it knows Ed25519 only.',
    advice: ['The node is likely in order: browsers can dial it with a libp2p that knows its key.']
  },
  'peer-id': {
    why: 'Everything works, but another node is there than the address names: it proved another peer id.',
    advice: ['If the node was set up anew, its key is new: take the address that it prints now, and keep the key (--key FILE).', 'If not, another node has the address now.']
  },
  'not-spoken': {
    why: 'The connection is up and the node proved who it is; it only does not speak this protocol.',
    advice: ['That a browser can dial it is shown. Nodes serve ping, perf and echo as they please: floe listen has all three.']
  },
  ping: {
    why: 'The connection is up and the node proved who it is, but a first stream did not carry bytes there and back.',
    advice: ['Look at the node’s log: it may limit streams, or have hung up.', 'If the node is floe: please report this, with the report below and the node’s log (RUST_LOG=floe=debug).']
  }
}
