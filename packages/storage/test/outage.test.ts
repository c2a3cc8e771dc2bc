import { startPostgres, type TestServer } from '@roomserver/testing'
import { isFailure, type Logger, type RoomRecord, silentLogger } from '@roomserver/types'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStorage, type Storage } from '../src/index.ts'
import { newEvent, newOutput, storedRoom, writeSet } from '@roomserver/storage-contract'

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

/** Commits to a room, one after the other. */
interface Committing {
  readonly roomId: string
  /** The number of the last output that was answered as stored. */
  answered: number
  readonly failures: unknown[]
  ended: Promise<void>
}

/** Commits to a room until told to stop. */
function committing(start: RoomRecord, isDone: () => boolean): Committing {
  const so: Committing = { roomId: start.roomId, answered: 0, failures: [], ended: Promise.resolve() }
  const work = async (): Promise<void> => {
    let room = start
    while (!isDone()) {
      try {
        const seq = room.outputSeq + 1
        const event = await newEvent(store, room)
        const next = { ...room, outputSeq: seq }
        const set = writeSet(room, { next, events: [event], outputs: [newOutput(room, seq, event.nid)] })
        const [result] = await store.commit([set])
        if (result?.kind === 'committed') {
          so.answered = seq
          room = { ...room, ...next, revision: result.revision }
          continue
        }
        so.failures.push(result?.kind === 'failed' ? result.error : result)
        room = (await store.room(room.roomId)) ?? room
      } catch (error) {
        so.failures.push(error)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  so.ended = work()
  return so
}

const GONE = 'the database cannot be used; callers get 503 until it can be again'
const BACK = 'the database can be used again'

it('loses nothing that was answered when PostgreSQL is killed under load and started again', async () => {
  const rooms = await Promise.all([storedRoom(store), storedRoom(store), storedRoom(store)])
  lines.length = 0
  let isDone = false
  const work = rooms.map((room) => committing(room, () => isDone))
  /** Waits until a number of each room has grown by more than this. */
  const grows = async (numberOf: (so: Committing) => number, by: number): Promise<void> => {
    const before = work.map(numberOf)
    const least = () => Math.min(...work.map((so, at) => numberOf(so) - (before[at] ?? 0)))
    await expect.poll(least).toBeGreaterThan(by)
  }
  for (let round = 0; round < 2; round++) {
    await grows(({ answered }) => answered, 3)
    await server.stop('kill')
    // A connection may still be answered for a moment when another one is lost already. Now all of them are.
    await grows(({ failures }) => failures.length, 0)
    const said = lines.length
    await grows(({ failures }) => failures.length, 0)
    expect(lines.slice(said - 1)).toEqual([GONE])
    await server.start()
    await grows(({ answered }) => answered, 3)
    await expect.poll(() => lines.at(-1)).toBe(BACK)
  }
  isDone = true
  await Promise.all(work.map(({ ended }) => ended))
  const outputs = await store.outputs(0, 100_000)
  for (const { answered, failures, roomId } of work) {
    const seqs = outputs.filter((each) => each.roomId === roomId).map(({ seq }) => seq)
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, at) => at + 1))
    expect(seqs.length).toBeGreaterThanOrEqual(answered)
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
