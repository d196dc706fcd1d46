/**
 * Waiting, but never for ever.
 */

/** What was waited for did not come in time. */
export class TimeoutError extends Error {
  /** @param {number} limit in milliseconds */
  constructor (limit) {
    super(`nothing came of it in ${limit / 1000} s`)
    this.name = 'TimeoutError'
  }
}

/**
 * What comes of `promise`, unless it takes longer than `limit` milliseconds.
 *
 * @template T
 * @param {number} limit
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function within (limit, promise) {
  /** @type {number | undefined} */
  let timer
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => { reject(new TimeoutError(limit)) }, limit)
  })
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (timeout)])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Waits until `check` is true, which is looked at now and at each of the events.
 *
 * @param {EventTarget} target
 * @param {string[]} events
 * @param {() => boolean} check may throw, which ends the waiting too
 * @returns {Promise<void>}
 */
export function until (target, events, check) {
  return new Promise((resolve, reject) => {
    const look = () => {
      try {
        if (!check()) {
          return
        }
        resolve()
      } catch (error) {
        reject(error)
      }
      events.forEach(event => { target.removeEventListener(event, look) })
    }
    events.forEach(event => { target.addEventListener(event, look) })
    look()
  })
}
