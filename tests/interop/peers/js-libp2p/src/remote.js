// The page's way to the program around a browser that nobody drives from outside (`firefox.js`): by HTTP, one
// request behind the other, so that events come in the order in which they were told.

let sent = Promise.resolve()

async function tell (path, body) {
  sent = sent.then(async () => { await fetch(path, { method: 'POST', body: JSON.stringify(body) }) })
  await sent
}

globalThis.say = async event => { await tell('/say', event) }
globalThis.hear = async () => await (await fetch('/hear')).text()

addEventListener('error', async ({ message }) => { await tell('/complain', message) })
addEventListener('load', async () => {
  try {
    const asked = await (await fetch('/asked')).json()
    await tell('/done', { ok: await globalThis.play[asked.command](asked) !== false })
  } catch (error) {
    await tell('/done', { ok: false, message: `${error.stack ?? error}` })
  }
})
