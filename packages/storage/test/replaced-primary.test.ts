import { startPostgres, type TestServer } from '@roomserver/testing'
import { type Logger, silentLogger } from '@roomserver/types'
import { storedRoom, writeSet } from '@roomserver/storage-contract'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStorage, type Storage } from '../src/index.ts'
import { network } from './network.ts'

const servers = new AsyncDisposableStack()
let old: TestServer
let next: TestServer
const lines: unknown[] = []
const logger: Logger = {
  ...silentLogger,
  error: ({ reason }: { readonly reason?: unknown }) => lines.push(reason),
  info: (_fields, message) => lines.push(message),
}

/** A room of which the older primary has the first revision, and the one that took its place the second. */
let roomId: string

beforeAll(async () => {
  old = servers.use(await startPostgres({ durable: false }))
})
afterAll(() => servers.disposeAsync())

const open = (connectionString: string, maxConnections = 2): Promise<Storage> =>
  openStorage({ dialect: 'postgres', connectionString, maxConnections }, { logger })

async function execute(server: TestServer, statement: string): Promise<void> {
  const operator = new Client({ connectionString: server.url })
  await operator.connect()
  await operator.query(statement)
  await operator.end()
}

const revisionAt = (store: Storage) =>
  store.room(roomId).then(
    (room) => room?.revision,
    (error: unknown) => String(error),
  )

// A primary that had been cut off came back for a moment, and the balancer sent connections there: rooms did not exist,
// queued events of them were dropped, and others were quarantined because what they refer to was not stored.
it('uses no standby, and no primary that was replaced, and goes on by itself when the right one is there', async () => {
  await using balancer = await network(old.url)
  await using store = await open(balancer.url)
  const room = await storedRoom(store)
  roomId = room.roomId
  const first = await revisionAt(store)
  await old.stop()
  next = servers.use(await startPostgres({ durable: false, standbyOf: old }))
  await old.start()

  balancer.lead(next.url)
  balancer.end(0)
  await expect.poll(() => revisionAt(store)).toContain('the server is a standby')

  await execute(next, 'select pg_promote()')
  await expect.poll(() => revisionAt(store)).toBe(first)
  const current = await store.room(roomId)
  expect(current && (await store.commit([writeSet(current)]))).toMatchObject([{ kind: 'committed' }])
  const second = await revisionAt(store)
  expect(second).not.toBe(first)

  balancer.lead(old.url)
  balancer.end(0)
  const refusal = 'the server was replaced as the primary'
  await expect.poll(() => revisionAt(store)).toContain(refusal)
  expect(lines.at(-1)).toContain(refusal)
  const said = lines.length
  expect(current && (await store.commit([writeSet(current)]))).toMatchObject([
    { kind: 'failed', error: { code: 'STORE_UNAVAILABLE' } },
  ])
  await expect(store.probe()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(lines).toHaveLength(said)

  balancer.lead(next.url)
  expect(await revisionAt(store)).toBe(second)
  expect(lines.at(-1)).toBe('the database can be used again')
})

it('leaves a connection that it has to a primary when it sees that another one took its place', async () => {
  await using balancer = await network(old.url)
  await using store = await open(balancer.url)
  const first = await revisionAt(store)
  balancer.lead(next.url)
  // Two at a time need another connection.
  await Promise.all([revisionAt(store), revisionAt(store)])
  const seen = await Promise.all(Array.from({ length: 6 }, () => revisionAt(store)))
  expect(new Set(seen).size).toBe(1)
  expect(seen[0]).not.toBe(first)
})

it('goes by a primary that was replaced where the connection string names several servers', async () => {
  await old.stop()
  const [hostOfOld, hostOfNext] = [new URL(old.url).host, new URL(next.url).host]
  await using store = await open(
    `postgresql://postgres@${hostOfOld},${hostOfNext}/postgres?target_session_attrs=read-write`,
  )
  const second = await revisionAt(store)
  await old.start()
  const ends = 'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()'
  await execute(next, ends)
  await expect.poll(() => revisionAt(store)).toBe(second)
})

it('uses a server that does not tell whether it was replaced', async () => {
  await execute(next, 'revoke execute on function pg_control_system() from public')
  await execute(next, 'create role plain login; grant select on all tables in schema public to plain')
  const url = new URL(next.url)
  url.username = 'plain'
  await using store = await openStorage({ dialect: 'postgres', connectionString: url.href, migrate: false })
  expect(await revisionAt(store)).toEqual(expect.any(Number))
})
