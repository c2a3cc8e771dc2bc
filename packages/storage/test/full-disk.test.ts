import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@roomserver/types'
import { Kysely, sql } from 'kysely'
import { expect, it } from 'vitest'
import { openSqlite } from '../src/dialect/sqlite/open.ts'
import { migrate } from '../src/migrate.ts'
import { migrations } from '../src/migrations/index.ts'
import type { Schema } from '../src/schema.ts'
import { createStorage } from '../src/storage.ts'

// The probe wrote a few bytes, for which there was room: the server was ready, and refused every event.
it('is not ready as long as there is no room for an event, although there is for less', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'full-')), 'rooms.db')
  const { dialect, kysely, ...parts } = openSqlite({ dialect: 'sqlite', file }, silentLogger)
  const db = new Kysely<Schema>({ dialect: kysely })
  await migrate(db, dialect, migrations, silentLogger)
  await using store = createStorage(db, dialect, parts)
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db)
  const pages = rows[0]?.page_count ?? 0
  const limit = (count: number) => sql`pragma max_page_count = ${sql.lit(count)}`.execute(db)
  const event = { roomId: '!r:a', payload: 'x'.repeat(100_000) }

  await limit(pages + 8)
  await expect(store.enqueue([event], 'me')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await store.takeLease('work', 'me', 60_000)).toBe(true)
  await expect(store.probe()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await expect(store.probe()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

  await limit(pages + 1_000)
  await store.probe()
  expect(await store.enqueue([event], 'me')).toHaveLength(1)
  const facts = await db.selectFrom('store_facts').select('name').execute()
  expect(facts).toEqual([])
})
