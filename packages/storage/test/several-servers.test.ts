import { freePort, startPostgres, type TestServer } from '@roomserver/testing'
import { isFailure } from '@roomserver/types'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStorage, type Storage } from '../src/index.ts'
import { storedRoom, writeSet } from '@roomserver/storage-contract'

let servers: readonly [TestServer, TestServer]

beforeAll(async () => {
  servers = [await startPostgres({ durable: false }), await startPostgres({ durable: false })]
})
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]()
})

const hostOf = ({ url }: TestServer) => new URL(url).host

const open = (hosts: readonly string[], target = 'read-write'): Promise<Storage> =>
  openStorage({
    dialect: 'postgres',
    connectionString: `postgresql://postgres@${hosts.join(',')}/postgres?target_session_attrs=${target}`,
  })

async function setReadOnly(server: TestServer, value: 'on' | 'off'): Promise<void> {
  const operator = new Client({ connectionString: server.url })
  await operator.connect()
  await operator.query('set default_transaction_read_only = off')
  await operator.query(`alter system set default_transaction_read_only = ${value}`)
  await operator.query('select pg_reload_conf()')
  await operator.end()
  const isSet = async () => {
    const client = new Client({ connectionString: server.url })
    await client.connect()
    const { rows } = await client.query<{ value: string }>(
      `select current_setting('default_transaction_read_only') as value`,
    )
    await client.end()
    return rows[0]?.value
  }
  await expect.poll(isSet).toBe(value)
}

it('goes by a server that is down', async () => {
  await using store = await open([`127.0.0.1:${await freePort()}`, hostOf(servers[0])], 'any')
  const room = await storedRoom(store)
  expect(await store.room(room.roomId)).toMatchObject({ roomId: room.roomId })
})

it('takes the server that takes writes, and follows when another one does', async () => {
  const [one, two] = servers
  await setReadOnly(one, 'on')
  await using store = await open([hostOf(one), hostOf(two)])
  const room = await storedRoom(store)
  expect(await store.commit([writeSet(room)])).toMatchObject([{ kind: 'committed' }])
  // Now the other one is the primary. (It has no rooms: that it is asked is what counts here.)
  await setReadOnly(one, 'off')
  await using _other = await openStorage({ dialect: 'postgres', connectionString: one.url })
  await setReadOnly(two, 'on')
  await expect.poll(() => store.commit([writeSet(room)]).then(([result]) => result?.kind)).toBe('conflict')
  expect(await store.room(room.roomId)).toBeUndefined()
  await setReadOnly(two, 'off')
})

it('says of each server why it cannot be used', async () => {
  const [one] = servers
  await setReadOnly(one, 'on')
  const gone = `127.0.0.1:${await freePort()}`
  const failure = await open([gone, hostOf(one)]).catch((error: unknown) => error)
  await setReadOnly(one, 'off')
  expect(isFailure(failure, 'STORE_UNAVAILABLE')).toBe(true)
  expect(String(failure)).toContain(`${gone}: connect ECONNREFUSED`)
  expect(String(failure)).toContain(`${hostOf(one)}: takes no writes`)
})
