import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { openStorage } from '../../open.ts'
import { statementsOf } from './memory-template.ts'

const MEMORY = { dialect: 'sqlite', file: ':memory:' } as const

/** Everything that a database says of itself. */
function wholeOf(database: DatabaseSync): unknown {
  const schema = database.prepare('select type, name, tbl_name, sql from sqlite_schema order by name').all()
  const tables = schema.filter(({ type }) => type === 'table').map(({ name }) => String(name))
  return [schema, tables.map((name) => [name, database.prepare(`select * from "${name}"`).all()])]
}

it('makes a store from what the migrations made of another one: the same tables, indexes and rows', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-template-')), 'rooms.db')
  await (await openStorage({ dialect: 'sqlite', file }))[Symbol.asyncDispose]()
  using migrated = new DatabaseSync(file)
  // Values of every type, and the position that a table goes on at.
  migrated.exec(`insert into blocks (nid, hash, entries) values (1, x'00ff', x'');
    insert into inbox (room_id, payload, holder) values ('!it''s:a', '{"a":"é"}', '')`)
  using copy = new DatabaseSync(':memory:')
  copy.exec(statementsOf(migrated))
  expect(wholeOf(copy)).toEqual(wholeOf(migrated))
})

it('opens further stores in memory with the whole schema, empty, each with an epoch of outputs of its own', async () => {
  await using first = await openStorage(MEMORY)
  await first.addAlias('#room:a', '!room:a', '@alice:a')
  await using second = await openStorage(MEMORY)
  expect(await second.roomOfAlias('#room:a')).toBe(undefined)
  await using third = await openStorage({ ...MEMORY, migrate: true })
  const names = await Promise.all(
    [first, second, third].map(async (one) => (await one.outputEpochs()).map(({ name }) => name)),
  )
  expect(new Set(names.flat()).size).toBe(3)
  await expect(openStorage({ ...MEMORY, migrate: false })).rejects.toMatchObject({ code: 'DATABASE_TOO_OLD' })
})
