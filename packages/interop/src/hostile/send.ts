import { type ClientHttp2Session, connect } from 'node:http2'

/** The longest that an answer is waited for. */
const PATIENCE_MS = 120_000

/** Parts of a body, in order. */
export type Body = Iterable<string>

/** A text again and again, in pieces of at least 64 KiB. */
export function* repeated(text: string, count: number): Generator<string> {
  const inChunk = Math.min(count, Math.ceil(65_536 / text.length))
  const chunk = text.repeat(inChunk)
  for (let left = count; left > 0; left -= inChunk) yield left < inChunk ? text.repeat(left) : chunk
}

/** Bodies, one behind the other. */
export function* joined(...bodies: readonly Body[]): Generator<string> {
  for (const body of bodies) yield* body
}

/** Opens a connection that may break. */
export function connected(url: string): ClientHttp2Session {
  return connect(url, { maxSessionMemory: 200 }).on('error', () => undefined)
}

/** Sends a body as fast as it is taken, and tells the status and the beginning of the answer. */
export async function send(session: ClientHttp2Session, operation: string, body: Body): Promise<string> {
  const stream = session.request({ ':method': 'POST', ':path': `/api/roomserver/${operation}` })
  stream.setMaxListeners(0)
  let status = 'no answer'
  let text = ''
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS)
    stream.on('response', (head) => {
      status = String(head[':status'])
    })
    stream.on('data', (chunk: Buffer) => {
      if (text.length < 200) text += chunk.toString('latin1')
    })
    stream.on('error', () => undefined)
    stream.once('end', resolve)
    stream.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  for (const part of body) {
    if (status !== 'no answer' || stream.destroyed || !stream.writable) break
    if (!stream.write(part)) {
      await Promise.race([over, new Promise((resolve) => stream.once('drain', resolve))])
    }
  }
  if (stream.writable) stream.end()
  await over
  stream.close()
  return `${status} ${text.slice(0, 60)}`
}

/** {@link send} on a connection of its own. */
export async function sendAlone(url: string, operation: string, body: Body): Promise<string> {
  const session = connected(url)
  try {
    return await send(session, operation, body)
  } finally {
    session.destroy()
  }
}

/** Sends so many at once, each on a connection of its own, and tells how often each answer came. */
export async function sendMany(
  url: string,
  operation: string,
  bodies: readonly (() => Body)[],
): Promise<string> {
  const answers = await Promise.all(bodies.map((body) => sendAlone(url, operation, body())))
  const counts = new Map<string, number>()
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return [...counts].map(([answer, count]) => `${count} × ${answer}`).join('; ')
}
