/**
 * Numbers for people.
 */

/** @param {number} ms */
export function duration (ms) {
  if (ms >= 1000) {
    return `${(ms / 1000).toFixed(2)} s`
  }
  return ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`
}

/** @param {number} count of bytes */
export function bytes (count) {
  return count >= MIB ? `${(count / MIB).toFixed(count % MIB === 0 ? 0 : 1)} MiB` : `${(count / 1024).toFixed(0)} KiB`
}

/** @param {number} bytesPerSecond */
export function rate (bytesPerSecond) {
  const value = bytesPerSecond / MIB
  return `${value.toFixed(value < 10 ? 2 : 1)} MiB/s`
}

export const MIB = 1024 * 1024
