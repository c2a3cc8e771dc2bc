import { connect } from 'node:net'
import { natsPlace } from './nats-place.ts'

const DEFAULT_PORT = 4222

/**
 * Makes sure that a NATS server answers at one of the addresses. The client itself keeps the socket of an attempt that got no
 * answer for as long as the other side does, and with it the process.
 *
 * @throws {Error} with the reason of the first address when none does
 */
export async function expectGreeting(servers: readonly string[], timeoutMs: number): Promise<void> {
  const found = new AbortController()
  try {
    await Promise.any(servers.map((address) => greeting(address, timeoutMs, found.signal)))
  } catch (error) {
    const [first]: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
    throw first instanceof Error ? first : new Error(String(first))
  } finally {
    found.abort()
  }
}

/** Waits for what a NATS server says first. @see https://docs.nats.io/reference/reference-protocols/nats-protocol#info */
async function greeting(address: string, timeoutMs: number, found: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  found.addEventListener('abort', () => resolve())
  const socket = connect(placeOf(address))
  const timer = setTimeout(
    () => reject(new Error(`no answer from ${natsPlace([address])} in ${timeoutMs} ms`)),
    timeoutMs,
  )
  socket.once('data', (chunk) => {
    if (/^INFO\s/.test(chunk.toString('latin1'))) resolve()
    else reject(new Error(`what answers at ${natsPlace([address])} is not a NATS server`))
  })
  socket.once('error', (error: NodeJS.ErrnoException) =>
    reject(error.code === 'ECONNREFUSED' ? new Error('connection refused', { cause: error }) : error),
  )
  socket.once('close', () => reject(new Error(`${natsPlace([address])} closed the connection`)))
  try {
    await promise
  } finally {
    clearTimeout(timer)
    socket.on('error', () => undefined)
    socket.destroy()
  }
}

/** `nats://user:password@host:4222`, of which all but the host may be left out. */
function placeOf(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:[a-z+]+:\/\/)?(?:.*@)?(\[[^\]]+\]|[^:/?]*)(?::(\d+))?/i.exec(address)
  const host = (match?.[1] ?? '').replace(/^\[|\]$/g, '')
  return { host: host === '' ? '127.0.0.1' : host, port: Number(match?.[2] ?? DEFAULT_PORT) }
}
