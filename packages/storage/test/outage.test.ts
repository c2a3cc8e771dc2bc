import { startPostgres, type TestServer } from '@roomserver/testing'
import { isFailure, type Logger, type RoomRecord, silentLogger } from '@roomserver/types'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStorage, type Storage } from '../src/index.ts'
import { newEvent, output, storedRoom, writeSet } from './contract/sample.ts'

let server: TestServer
let store: Storage
const lines: string[] = []
const logger: Logger = {
  ...silentLogger,
  error: (_fields, message) => lines.push(message),
  info: (_fields, message) => lines.push(message),
}

beforeAll(async () => {
  server = await startPostgres()
  store = await openStorage(
    { dialect: 'postgres', connectionString: server.url, maxConnections: 2 },
    { logger },
  )
})

afterAll(async () => {
  await store[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Commits to a room until told to stop; counts what was answered as stored. */
async function commitUntil(isDone: () => boolean, start: RoomRecord) {
  let room = start
  let answered = 0
  const failures: unknown[] = []
  while (!isDone()) {
    try {
      const seq = room.outputSeq + 1
      const event = await newEvent(store, room)
      const next = { ...room, outputSeq: seq }
      const set = writeSet(room, { next, events: [event], outputs: [output(room, seq, event.nid)] })
      const [result] = await store.commit([set])
      if (result?.kind === 'committed') {
        answered = seq
        room = { ...room, ...next, revision: result.revision }
        continue
      }
      failures.push(result?.kind === 'failed' ? result.error : result)
      room = (await store.room(room.roomId)) ?? room
    } catch (error) {
      failures.push(error)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return { answered, failures, roomId: room.roomId }
}

const GONE = 'the database cannot be used; callers get 503 until it can be again'
const BACK = 'the database can be used again'

it('loses nothing that was answered when PostgreSQL is killed under load and started again', async () => {
  const rooms = await Promise.all([storedRoom(store), storedRoom(store), storedRoom(store)])
  lines.length = 0
  let isDone = false
  const work = rooms.map((room) => commitUntil(() => isDone, room))
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setTimeout(resolve, 150))
    await server.stop('kill')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server.start()
  }
  await new Promise((resolve) => setTimeout(resolve, 150))
  isDone = true
  const ended = await Promise.all(work)
  const outputs = await store.outputs(0, 100_000)
  expect(lines).toEqual([GONE, BACK, GONE, BACK])
  for (const { answered, failures, roomId } of ended) {
    const seqs = outputs.filter((each) => each.roomId === roomId).map(({ seq }) => seq)
    expect(answered).toBeGreaterThan(3)
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, at) => at + 1))
    expect(seqs.length).toBeGreaterThanOrEqual(answered)
    expect(failures.length).toBeGreaterThan(0)
    // A commit whose answer was lost shows as a conflict when the room is tried again.
    const others = failures.filter((failure) => !isFailure(failure, 'STORE_UNAVAILABLE'))
    expect(others.filter((failure) => !isConflict(failure))).toEqual([])
  }
})

it('says of a demoted primary that it takes no writes: to callers, to a probe, and once in the log', async () => {
  const operator = new Client({ connectionString: server.url })
  await operator.connect()
  const setReadOnly = async (value: 'on' | 'off') => {
    await operator.query(`alter system set default_transaction_read_only = ${value}`)
    await operator.query('select pg_reload_conf()')
    // Connections take a setting over between two of their statements.
    await expect
      .poll(() =>
        store.probe().then(
          () => 'off',
          () => 'on',
        ),
      )
      .toBe(value)
  }
  const room = await storedRoom(store)
  await store.probe()
  lines.length = 0
  await setReadOnly('on')
  await expect(store.probe()).rejects.toThrow('the server is read-only')
  const results = [await store.commit([writeSet(room)]), await store.commit([writeSet(room)])]
  for (const [result] of results) {
    expect(result).toMatchObject({ kind: 'failed', error: { code: 'STORE_UNAVAILABLE' } })
  }
  expect(lines).toEqual([GONE])
  await operator.query('set default_transaction_read_only = off')
  await setReadOnly('off')
  expect(await store.commit([writeSet(room)])).toMatchObject([{ kind: 'committed' }])
  expect(lines).toEqual([GONE, BACK])
  await operator.end()
})

function isConflict(failure: unknown): boolean {
  return typeof failure === 'object' && failure !== null && Reflect.get(failure, 'kind') === 'conflict'
}
