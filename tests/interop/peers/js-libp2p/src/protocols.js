// The names of what the contract has listeners serve.

export const ECHO = '/echo/1.0.0'
export const PERF = '/perf/1.0.0'
/** The acceptor ends first. */
export const LATE = '/floe/late/1.0.0'
/** The acceptor sends until it is stopped. */
export const SOURCE = '/floe/source/1.0.0'
/** The acceptor stops reading. */
export const STOP = '/floe/stop/1.0.0'
/** The acceptor resets. */
export const RESET = '/floe/reset/1.0.0'
/** The acceptor tells how the recorded stream ended. */
export const ENDING = '/floe/ending/1.0.0'

/** What the stories of half-closing and stopping carry each way, in bytes. */
export const PORTION = 64 * 1024
