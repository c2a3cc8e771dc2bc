import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RoomBuilder } from '@roomserver/testing'
import { beforeEach, expect, it } from 'vitest'
import { type Engine, openEngine } from '../src/index.ts'
import { type FileStore, isFileStore } from '../src/maintenance/return-space.ts'
import { expectWhole, take } from './purged-rooms.ts'

const MIB = 1_048_576

let folder: string
let store: string
let room: RoomBuilder

const open = (): Promise<Engine> =>
  openEngine({ serverName: 'example.org', store, signingKey: join(folder, 'key.pem') })

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'return-space-'))
  store = join(folder, 'rooms.db')
  room = await RoomBuilder.create({ creator: '@carol:c.example', roomId: '!room:c.example' })
})

function fileOf({ parts: { storage } }: Engine): FileStore {
  if (!isFileStore(storage)) throw new TypeError('the store is not a file')
  return storage
}

/** Leaves a file as a large purge does that ended, or was killed, before any space was given back. */
function leaveFreeSpace(how = ''): number {
  using database = new DatabaseSync(store)
  database.exec(`create table filler (a blob); insert into filler values (zeroblob(${12 * MIB}))`)
  database.exec(`drop table filler; ${how}; pragma wal_checkpoint(truncate)`)
  return statSync(store).size
}

it('gives the space of a file back that holds nothing, while it goes on with its rooms', async () => {
  {
    await using rooms = await open()
    await take(rooms, room.events)
  }
  expect(leaveFreeSpace()).toBeGreaterThan(12 * MIB)
  await using rooms = await open()
  await expect.poll(() => statSync(store).size, { timeout: 20_000 }).toBeLessThan(2 * MIB)
  await room.message('hello')
  expect(await take(rooms, room.events.slice(-1))).toMatchObject({ ErrMsg: '' })
  expect((await fileOf(rooms).filePages())?.free).toBeLessThan(64)
  await expectWhole('sqlite', store)
})

it('leaves a file as large as it is that was made before files could get smaller', async () => {
  {
    await using rooms = await open()
    await take(rooms, room.events)
  }
  leaveFreeSpace('pragma auto_vacuum = none; vacuum')
  const size = leaveFreeSpace()
  await using rooms = await open()
  expect(await fileOf(rooms).filePages()).toMatchObject({ free: 0 })
  expect(await fileOf(rooms).returnPages(64)).toBe(0)
  await room.message('hello')
  expect(await take(rooms, room.events.slice(-1))).toMatchObject({ ErrMsg: '' })
  expect(statSync(store).size).toBe(size)
})
