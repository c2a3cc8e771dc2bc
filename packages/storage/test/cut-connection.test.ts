import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { openStorage } from '../src/index.ts'
import { newEvent, storedRoom, writeSet } from './contract/sample.ts'
import { postgresPlace } from './postgres-database.ts'

/** A network between the store and PostgreSQL in which everything can be lost, without a word to either side. */
async function network(url: string) {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => void (isCut || to.write(chunk)))
      from.on('error', () => undefined)
      from.on('close', () => void (isCut || to.destroy()))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const through = new URL(url)
  if (typeof address === 'object' && address !== null) through.port = String(address.port)
  return {
    url: through.href,
    cut: (is: boolean) => {
      isCut = is
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

it('gives up on a server that is out of reach, and finds it again', async () => {
  await using place = await postgresPlace()
  await using between = await network(place.url)
  const limits = { maxConnections: 1, statementTimeoutMs: 300, connectTimeoutMs: 500 }
  await using store = await openStorage({ dialect: 'postgres', connectionString: between.url, ...limits })
  const room = await storedRoom(store)
  const event = await newEvent(store, room)
  between.cut(true)
  const [lost] = await store.commit([writeSet(room, { events: [event] })])
  expect(lost).toMatchObject({ kind: 'failed', error: { code: 'STORE_UNAVAILABLE' } })
  await expect(store.room(room.roomId)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  between.cut(false)
  expect(await store.room(room.roomId)).toEqual(room)
  expect(await store.commit([writeSet(room, { events: [event] })])).toMatchObject([{ kind: 'committed' }])
})
