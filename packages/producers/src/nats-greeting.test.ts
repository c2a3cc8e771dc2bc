import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { connectNats } from './jetstream.ts'
import { parseNatsAddresses } from './nats-address.ts'
import { expectGreeting } from './nats-greeting.ts'

/** Something that listens; what it does with a connection is the test's business. */
async function listener(onConnection: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.close()
    await once(server, 'close')
  }
  return { address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: close }
}

const LONG_MS = 20_000

it.each([
  ['says nothing', () => undefined, 50, /^no answer from nats:\/\/127\.0\.0\.1:\d+ in 50 ms$/],
  [
    'says something else',
    (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    LONG_MS,
    /is not a NATS server$/,
  ],
  ['hangs up', (socket: Socket) => socket.end(), LONG_MS, /closed the connection$/],
  ['resets the connection', (socket: Socket) => socket.resetAndDestroy(), LONG_MS, /ECONNRESET/],
])('hangs up on what listens in the place of NATS and %s', async (_what, answer, timeoutMs, reason) => {
  // The listener ends only when every connection has: one that is left open is a test that does not end.
  await using place = await listener((socket) => {
    socket.resume()
    answer(socket)
  })
  const options = { servers: [`nats://token@${place.address}`], topicPrefix: 'X', timeoutMs }
  await expect(connectNats(options)).rejects.toThrow(reason)
})

it('goes on without TLS only where none is asked for', async () => {
  const greets = (info: string) => listener((socket) => socket.resume().write(`INFO ${info}\r\n`))
  await using plain = await greets('{"server_id":"x","tls_required":false}')
  await using secure = await greets('{"server_id":"x","tls_available":true}')
  const greeting = (...texts: readonly string[]) => expectGreeting(parseNatsAddresses(texts), LONG_MS)
  await expect(greeting(`tls://${plain.address}`)).rejects.toThrow(`nats://${plain.address} offers no TLS`)
  await greeting(`tls://${secure.address}`)
  await greeting(`nats://${plain.address}`)
})

it('is content with one server of several', async () => {
  await using silent = await listener((socket) => socket.resume())
  await using nats = await listener((socket) => socket.resume().write('INFO {"server_id":"x"}\r\n'))
  await expectGreeting(parseNatsAddresses([silent.address, nats.address]), LONG_MS)
  await expect(expectGreeting(parseNatsAddresses(['127.0.0.1:1']), LONG_MS)).rejects.toThrow(
    'connection refused',
  )
})
