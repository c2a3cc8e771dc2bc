import { connect } from 'node:net'
import { hostAndPort, type NatsAddress } from './nats-address.ts'

/**
 * Makes sure that a NATS server answers at one of the addresses. The client itself keeps the socket of an attempt that got no
 * answer for as long as the other side does, and with it the process.
 *
 * @throws {Error} with the reason of the first address when none does
 */
export async function expectGreeting(servers: readonly NatsAddress[], timeoutMs: number): Promise<void> {
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
async function greeting(address: NatsAddress, timeoutMs: number, found: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  found.addEventListener('abort', () => resolve())
  const { host, isTls, port } = address
  const place = `nats://${hostAndPort(address)}`
  const socket = connect({ host, port })
  const timer = setTimeout(() => reject(new Error(`no answer from ${place} in ${timeoutMs} ms`)), timeoutMs)
  socket.once('data', (chunk) => {
    const said = chunk.toString('latin1')
    if (!/^INFO\s/.test(said)) reject(new Error(`what answers at ${place} is not a NATS server`))
    // The client would go on without.
    else if (isTls && !/"tls_(?:required|available)":\s*true/.test(said))
      reject(new Error(`${place} offers no TLS`))
    else resolve()
  })
  socket.once('error', (error: NodeJS.ErrnoException) =>
    reject(error.code === 'ECONNREFUSED' ? new Error('connection refused', { cause: error }) : error),
  )
  socket.once('close', () => reject(new Error(`${place} closed the connection`)))
  try {
    await promise
  } finally {
    clearTimeout(timer)
    socket.on('error', () => undefined)
    socket.destroy()
  }
}
