import { createDatabase } from '@roomserver/testing'
import { silentLogger } from '@roomserver/types'
import { Kysely, sql, SqliteDialect } from 'kysely'
import { Client } from 'pg'
import { expect, inject, it } from 'vitest'
import { openSqliteFile } from '../src/dialect/sqlite/adapter.ts'
import { sqlite } from '../src/dialect/sqlite/dialect.ts'
import { openStorage, planStoreMigration } from '../src/index.ts'
import { migrate } from '../src/migrate.ts'
import { planMigration } from '../src/migration-plan.ts'
import { newestMigration } from '../src/migrations/index.ts'
import type { Migration } from '../src/migrations/migration.ts'
import type { Db, Schema } from '../src/schema.ts'

const cats = {
  name: 'cats',
  about: 'Cats.',
  columns: { nid: 'int', name: 'text' },
  key: ['nid'],
} as const

/** Steps of each kind, that need nothing of ours. */
const STEPS: readonly Migration[] = [
  { version: 1, name: 'cats', breaking: true, tables: [cats], up: async () => undefined },
  {
    version: 2,
    name: 'dogs',
    breaking: false,
    tables: [
      { ...cats, name: 'dogs' },
      { ...cats, name: 'birds' },
    ],
    columns: [{ table: 'cats', about: 'Old.', columns: { age: 'int', born: 'int' } }],
    indexes: [{ table: 'cats', columns: ['name', 'age'] }],
    rows: 'changes every row of cats',
    up: async (db) => void (await sql`update cats set age = 1`.execute(db)),
  },
  {
    version: 3,
    name: 'names',
    breaking: true,
    tables: [],
    renames: [
      {
        from: 'cats',
        table: { ...cats, columns: { ...cats.columns, age: 'int', birth: 'int' } },
        columns: { born: 'birth' },
      },
      { from: 'dogs', table: { ...cats, name: 'hounds' } },
      {
        from: 'birds',
        table: { ...cats, name: 'fowl', columns: { id: 'int', title: 'text' }, key: ['id'] },
        columns: { nid: 'id', name: 'title' },
      },
    ],
    up: async () => undefined,
  },
]

/** A database with the first steps, and two cats. */
async function withSteps(count: number): Promise<Db & AsyncDisposable> {
  const db = new Kysely<Schema>({
    dialect: new SqliteDialect({ database: openSqliteFile(':memory:', 'full') }),
  })
  if (count > 0) {
    await migrate(db, sqlite, STEPS.slice(0, count), silentLogger)
    await sql`insert into cats (nid, name) values (1, 'Tom'), (2, 'Kit')`.execute(db)
  }
  return db
}

const LATER = [
  {
    version: 2,
    name: 'dogs',
    breaking: false,
    changes: [
      'creates the table dogs',
      'creates the table birds',
      'adds age, born to cats (2 rows)',
      'makes an index on name, age of cats (2 rows)',
      'changes every row of cats',
    ],
  },
  {
    version: 3,
    name: 'names',
    breaking: true,
    changes: [
      'renames born to birth in cats (2 rows)',
      'renames dogs to hounds',
      'renames birds to fowl, nid to id, name to title',
    ],
  },
]

it('says of every step what it would change, with the rows that there are, and how long it took when it was tried', async () => {
  await using db = await withSteps(1)
  const { steps, ...plan } = await planMigration(db, sqlite, STEPS, false)
  expect(plan).toEqual({ found: 1, known: 3, olderConnections: 0, connections: 0 })
  expect(steps).toEqual(LATER.map((step) => ({ ...step, tookMs: expect.any(Number) as number })))
  for (const { tookMs } of steps) expect(tookMs).toBeGreaterThanOrEqual(0)
  // Whatever was tried is undone.
  const { rows } = await sql<{ name: string }>`select * from cats order by nid`.execute(db)
  expect(rows).toEqual([
    { nid: 1, name: 'Tom' },
    { nid: 2, name: 'Kit' },
  ])
  expect((await planMigration(db, sqlite, STEPS, false)).steps).toHaveLength(2)
})

it('tries nothing where somebody uses the database, and counts all the same', async () => {
  await using db = await withSteps(1)
  expect((await planMigration(db, sqlite, STEPS, true)).steps).toEqual(LATER)
})

it('counts and tries nothing where there is nothing yet', async () => {
  await using db = await withSteps(0)
  const { found, steps } = await planMigration(db, sqlite, STEPS, false)
  expect([found, steps.map(({ version, tookMs }) => [version, tookMs])]).toEqual([
    0,
    [
      [1, undefined],
      [2, undefined],
      [3, undefined],
    ],
  ])
  expect(steps[1]?.changes).toContain('adds age, born to cats')
  const { rows } = await sql`select name from sqlite_master`.execute(db)
  expect(rows).toEqual([])
})

it('has no steps where everything is done', async () => {
  await using db = await withSteps(3)
  const plan = { found: 3, known: 3, steps: [], olderConnections: 0, connections: 0 }
  expect(await planMigration(db, sqlite, STEPS, false)).toEqual(plan)
})

it('says what is wrong when a step fails, and leaves everything as it is', async () => {
  await using db = await withSteps(1)
  const failing: Migration = {
    version: 4,
    name: 'failing',
    breaking: false,
    tables: [],
    up: () => Promise.reject(new Error('no such cat')),
  }
  await expect(planMigration(db, sqlite, [...STEPS, failing], false)).rejects.toThrow('no such cat')
  expect((await planMigration(db, sqlite, STEPS, false)).found).toBe(1)
})

it('refuses a database that a newer program changed', async () => {
  await using db = await withSteps(3)
  await expect(planMigration(db, sqlite, STEPS.slice(0, 2), false)).rejects.toMatchObject({
    code: 'DATABASE_TOO_NEW',
    details: { found: 3, known: 2 },
  })
})

it('counts on PostgreSQL who uses the database, and who of them could not any more', async () => {
  await using database = await createDatabase(inject('postgresUrl'))
  const options = { dialect: 'postgres', connectionString: database.url } as const
  await (await openStorage(options))[Symbol.asyncDispose]()
  const clientOf = async (name: string) => {
    const client = new Client({ connectionString: database.url, application_name: name })
    await client.connect()
    return client
  }
  const operator = await clientOf('psql')
  const plan = async () => {
    const { connections, olderConnections, steps } = await planStoreMigration(options)
    return [connections, olderConnections, steps.map(({ tookMs }) => tookMs !== undefined)]
  }
  await expect.poll(plan).toEqual([0, 0, []])
  await operator.query(
    'delete from schema_versions where version = 15; drop table delivered_outputs, output_epochs, output_stream',
  )
  await expect.poll(plan).toEqual([0, 0, [true]])
  const old = [await clientOf('roomserver'), await clientOf('roomserver/14'), await clientOf('roomserver/15')]
  expect(await plan()).toEqual([3, 2, [false]])
  await expect(openStorage(options)).rejects.toMatchObject({
    code: 'DATABASE_IN_USE',
    details: { found: newestMigration, known: 15, connections: 2 },
  })
  for (const client of [...old, operator]) await client.end()
  await expect.poll(plan).toEqual([0, 0, [true]])
})
