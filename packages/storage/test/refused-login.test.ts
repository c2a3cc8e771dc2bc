import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { isFailure } from '@roomserver/types'
import { expect, it } from 'vitest'
import { openStorage } from '../src/index.ts'

/** A message of PostgreSQL's protocol: its letter, its length, a number and a text. */
function message(kind: number, text: string): Buffer {
  const body = Buffer.concat([Buffer.alloc(4), Buffer.from(text)])
  body.writeInt32BE(kind)
  const head = Buffer.from('R\0\0\0\0', 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Asks for a password (SCRAM, RFC 5802) as a PostgreSQL server does, and keeps the connection whatever comes. */
function askForPassword(socket: Socket): void {
  socket.once('data', () => {
    socket.write(message(10, 'SCRAM-SHA-256\0\0'))
    socket.once('data', (reply: Buffer) => {
      const nonce = /r=([^,]+)/.exec(reply.toString('latin1'))?.[1] ?? ''
      socket.write(message(11, `r=${nonce}server,s=c2FsdHNhbHQ=,i=4096`))
    })
  })
}

// A connection string without a password kept the process alive, neither serving nor ended, until the server hung up.
it('hangs up when it has no password to log in with, so that the process can end', async () => {
  const server = createServer(askForPassword)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const connected = once(server, 'connection')
  const connectionString = `postgresql://roomserver@127.0.0.1:${port}/rooms`
  const failure = await openStorage({ dialect: 'postgres', connectionString }).catch(
    (error: unknown) => error,
  )
  expect(isFailure(failure, 'STORE_UNAVAILABLE')).toBe(true)
  expect(String(failure)).toContain('give the password in the connection string')
  const [socket] = (await connected) as [Socket]
  socket.resume()
  if (!socket.readableEnded) await once(socket, 'end')
  server.close()
})
