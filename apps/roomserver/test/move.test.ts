import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createDatabase, RoomBuilder } from '@roomserver/testing'
import { Client } from 'pg'
import { beforeAll, expect, inject, it } from 'vitest'
import { configFile, folder, Program, run } from './program.ts'
import { answersOf, fill } from './upgrade/rooms.ts'

const config = (url: string) => [
  '--config',
  configFile(folder(), {
    room_server: { internal_api: { listen: 'http://127.0.0.1:0' }, database: { connection_string: url } },
  }),
]

async function send(program: Program, room: RoomBuilder, from = 0): Promise<void> {
  const requests = room.events.slice(from).map(({ eventId, json }) => ({
    kind: 2,
    event: { ...(JSON.parse(json) as object), _event_id: eventId, _room_version: '10' },
  }))
  const answer = await program.post('inputRoomEvents', { input_room_events: requests })
  expect(answer).toMatchObject({ ErrMsg: '' })
}

/** A store with rooms, and what a server with them answers. */
interface SourceStore {
  readonly file: string
  readonly answers: unknown
}

let filled: SourceStore
beforeAll(async () => {
  const file = join(folder(), 'rooms.db')
  await using program = await Program.serving(config(`file:${file}`))
  await fill(program.url)
  filled = { file, answers: await answersOf(program.url) }
  // After its orderly end everything is in the file.
  expect(await program.stop()).toBe(0)
})

/** A copy of it, for one test. */
function sourceStore(): SourceStore {
  const file = join(folder(), 'rooms.db')
  copyFileSync(filled.file, file)
  return { ...filled, file }
}

it('moves a store to PostgreSQL and back, and the server goes on there', async () => {
  const { file, answers } = sourceStore()
  await using database = await createDatabase(inject('postgresUrl'))
  const moved = await run('move', '--from', file, '--to', database.url)
  expect(moved.errors).toBe('')
  expect(moved.text).toMatch(/^rooms {2}2 of 2 rows$/m)
  expect(moved.text).toContain('2 rooms checked, 0 findings\nmoved.')
  const room = await RoomBuilder.create({ creator: '@erin:localhost', roomId: '!later:localhost' })
  let first = 0
  {
    await using program = await Program.serving(config(database.url))
    expect(await answersOf(program.url)).toEqual(answers)
    await send(program, room)
    await program.stop()
  }
  const back = join(folder(), 'back.db')
  expect((await run('move', '--from', database.url, '--to', `sqlite:${back}`)).status).toBe(0)
  {
    await using program = await Program.serving(config(`file:${back}`))
    expect(await answersOf(program.url)).toEqual(answers)
    await room.message('after the way back')
    first = room.events.length - 1
    await send(program, room, first)
    await program.stop()
  }
  expect((await run('check', '--recompute', ...config(`file:${back}`))).text).toContain(
    '3 rooms checked, 0 findings',
  )
})

/** Makes an SQLite store large. */
function addTransactions(file: string, count: number): void {
  const store = new DatabaseSync(file)
  store.exec(`insert into transactions (session_id, user_id, transaction_id, event_id, ts)
    with recursive n(n) as (select 1 union all select n + 1 from n where n < ${count})
    select n, '@alice:localhost', 't' || n, (select event_id from events order by nid limit 1), 1 from n`)
  store.close()
}

it('goes on where kill -9 stopped it, and serves nothing half moved', async () => {
  const { file, answers } = sourceStore()
  addTransactions(file, 60_000)
  await using database = await createDatabase(inject('postgresUrl'))
  const way = ['move', '--from', file, '--to', database.url]
  {
    await using first = new Program(way)
    const client = new Client({ connectionString: database.url })
    await client.connect()
    const copied = async () => {
      const { rows } = await client
        .query<{ count: string }>('select count(*) as count from transactions')
        .catch(() => ({ rows: [{ count: '0' }] }))
      return Number(rows[0]?.count)
    }
    await expect.poll(copied, { timeout: 60_000, interval: 5 }).toBeGreaterThan(1_000)
    await first.stop('SIGKILL')
    expect(await copied()).toBeLessThan(60_000)
    await client.end()
  }
  const early = await run('serve', ...config(database.url))
  expect(early).toMatchObject({
    status: 1,
    errors: "roomserver: a move into this store is not finished: run 'roomserver move' again\n",
  })
  const again = await run(...way)
  expect(again.text).not.toMatch(/^rooms {2}/m)
  expect(again.text).toContain('transactions  60000 of 60000 rows')
  expect(again.text).toContain('2 rooms checked, 0 findings')
  expect(again.status).toBe(0)
  await using program = await Program.serving(config(database.url))
  expect(await answersOf(program.url)).toEqual(answers)
})

it('moves nothing into a store that has rooms, or that a server uses', async () => {
  const { file } = sourceStore()
  const other = sourceStore()
  const full = await run('move', '--from', file, '--to', other.file)
  expect(full.errors).toContain('--to: it has rooms already; a store is moved into an empty one')
  await using database = await createDatabase(inject('postgresUrl'))
  await using program = await Program.serving(config(database.url))
  const used = await run('move', '--from', file, '--to', database.url)
  expect(used.errors).toMatch(
    /^roomserver: processes use the database \(\d+ connections?\): stop them first\n$/,
  )
  await program.stop()
  await using server = await Program.serving(config(`file:${file}`))
  const busy = await run('move', '--from', file, '--to', join(folder(), 'new.db'))
  expect(busy.errors).toContain('the database can be used by one process only')
  await server.stop()
})

it('makes nothing for a source that is not there', async () => {
  const to = join(folder(), 'new.db')
  const { status, errors } = await run('move', '--from', join(folder(), 'nowhere.db'), '--to', to)
  expect(status).toBe(1)
  expect(errors).toContain('no store at ')
  expect(existsSync(to)).toBe(false)
  writeFileSync(to, '')
  expect((await run('move', '--from', 'postgresql://a@b:99999/c', '--to', to)).errors).toContain(
    'Expected postgresql://',
  )
})
