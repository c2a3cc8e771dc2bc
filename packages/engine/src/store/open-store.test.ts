import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Logger, silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { openStore } from './open-store.ts'

const place = () =>
  ({ dialect: 'sqlite', file: join(mkdtempSync(join(tmpdir(), 'store-')), 'rooms.db') }) as const

it('keeps the name of its homeserver, and is refused to another one', async () => {
  const options = place()
  {
    await using store = await openStore(options, 'a.example')
    expect(await store.serverName()).toBe('a.example')
    expect(existsSync(`${options.file}.lock`)).toBe(true)
  }
  const expected = 'a.example, whose store this is'
  await expect(openStore(options, 'b.example')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: 'serverName', expected },
    message: `serverName: expected ${expected}, not b.example; the name of a homeserver cannot be changed`,
  })
  // Who was refused keeps nothing.
  expect(existsSync(`${options.file}.lock`)).toBe(false)
  await using again = await openStore(options, 'a.example')
  expect(await again.serverName()).toBe('a.example')
})

it('is not used while a move into it has not ended', async () => {
  const options = place()
  await (await openStore(options, 'a.example'))[Symbol.asyncDispose]()
  const database = new DatabaseSync(options.file)
  database.exec(`insert into store_facts (name, value) values ('move', '{}')`)
  database.close()
  const reason = "a move into this store is not finished: run 'roomserver move' again"
  await expect(openStore(options, 'a.example')).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    details: { reason },
    message: reason,
  })
  expect(existsSync(`${options.file}.lock`)).toBe(false)
})

it('is locked for one process, until it is closed or cannot be opened', async () => {
  const options = place()
  {
    await using _store = await openStore(options, 'a.example')
    await expect(openStore(options, 'a.example')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  }
  const database = new DatabaseSync(options.file)
  database.exec(`insert into schema_versions values (999, 'later', 1, 0)`)
  await expect(openStore(options, 'a.example')).rejects.toMatchObject({ code: 'DATABASE_TOO_NEW' })
  expect(existsSync(`${options.file}.lock`)).toBe(false)
  database.exec('delete from schema_versions where version = 999')
  database.close()
  await (await openStore(options, 'a.example'))[Symbol.asyncDispose]()
})

it('locks nothing for a store in memory, of which there may be several', async () => {
  const memory = { dialect: 'sqlite', file: ':memory:' } as const
  await using one = await openStore(memory, 'a.example')
  await using other = await openStore(memory, 'b.example')
  expect([await one.serverName(), await other.serverName()]).toEqual(['a.example', 'b.example'])
  expect(existsSync(':memory:.lock')).toBe(false)
})

it('tells of what it does: to the log, and of each statement that writes', async () => {
  const lines: string[] = []
  const points: string[] = []
  const logger: Logger = { ...silentLogger, info: (_fields, text) => lines.push(text) }
  await using store = await openStore(place(), 'a.example', {
    logger,
    atPoint: (point) => points.push(point),
  })
  expect(lines).toContain('migrated database schema')
  points.length = 0
  await store.publishedRooms()
  expect(points).toEqual([])
  await store.publish('!r:a', true)
  expect(points).toEqual(['writing'])
})
