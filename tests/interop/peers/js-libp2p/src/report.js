// What is printed and what is read: one JSON object per line on standard output, addresses on standard
// input.

import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Prints an event, before anything else happens. */
export function say (event) {
  writeSync(process.stdout.fd, `${JSON.stringify(event)}\n`)
}

/** The next line of standard input. */
export async function hear () {
  const lines = createInterface({ input: process.stdin })
  try {
    return await new Promise((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('close', () => { reject(new Error('standard input has ended')) })
    })
  } finally {
    lines.close()
  }
}
