import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newestSchema } from '@roomserver/storage'
import { silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { newDatabase } from '../../test/new-database.ts'
import { planMigration } from './migrate-store.ts'
import { openStore } from './open-store.ts'

const newest = { found: newestSchema, known: newestSchema, steps: [] }

it('says who uses a file, and leaves it as it is', async () => {
  const options = { dialect: 'sqlite', file: join(mkdtempSync(join(tmpdir(), 'plan-')), 'rooms.db') } as const
  await (await openStore(options, 'a'))[Symbol.asyncDispose]()
  expect(await planMigration(options, silentLogger)).toMatchObject({ ...newest, usedBy: undefined })
  expect(existsSync(`${options.file}.lock`)).toBe(false)
  await using store = await openStore(options, 'a')
  const { usedBy } = await planMigration(options, silentLogger)
  expect(usedBy).toContain(String(process.pid))
  // It has the file for itself all the same.
  await expect(openStore(options, 'a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await store.serverName()).toBe('a')
})

it('passes on what is wrong with a file', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'plan-')), 'nowhere', 'rooms.db')
  await expect(planMigration({ dialect: 'sqlite', file }, silentLogger)).rejects.toThrow()
})

it('locks nothing of PostgreSQL', async () => {
  await using database = await newDatabase()
  const options = { dialect: 'postgres', connectionString: database.url } as const
  expect(await planMigration(options, silentLogger)).toMatchObject({ ...newest, usedBy: undefined })
})
