import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { lockFile, planMigration } from '@roomserver/engine'
import { openStorage } from '@roomserver/storage'
import { createDatabase } from '@roomserver/testing'
import { Client } from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { checkStore } from '../../src/check/check-store.ts'
import { startRoomserver } from '../../src/compose/start-roomserver.ts'
import { storageOptions } from '../../src/compose/storage-options.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createLog } from '../../src/log.ts'
import { configFile, folder, run } from '../program.ts'
import { answersOf } from './rooms.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const ANSWERS: unknown = JSON.parse(readFileSync(join(FIXTURES, 'answers.json'), 'utf8'))

const unpacked = (fixture: string) => gunzipSync(readFileSync(join(FIXTURES, fixture)))

/** A database as a released program left it. */
interface Left extends AsyncDisposable {
  readonly url: string
}

function leftInFile(fixture: string): Left {
  const file = join(folder(), 'rooms.db')
  writeFileSync(file, unpacked(fixture))
  return { url: `file:${file}`, [Symbol.asyncDispose]: async () => undefined }
}

async function execute(url: string, statements: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statements)
  } finally {
    await client.end()
  }
}

async function leftInPostgres(fixture: string): Promise<Left> {
  const database = await createDatabase(inject('postgresUrl'))
  await execute(database.url, unpacked(fixture).toString())
  return database
}

const configured = (url: string): readonly [string, string] => [
  '--config',
  configFile(folder(), { room_server: roomServer(url) }),
]
const roomServer = (url: string) => ({
  internal_api: { listen: 'http://127.0.0.1:0' },
  database: { connection_string: url },
})

const fixtures = readdirSync(FIXTURES).filter((name) => name.endsWith('.gz'))

const versionOf = (fixture: string) => Number(/\d+/.exec(fixture)?.[0])

/** The log of what is started here. */
const log = createLog('fatal', process.stderr)

async function check(config: Config): Promise<readonly string[]> {
  const lines: string[] = []
  const options = { ...storageOptions(config.database), migrate: false } as const
  await using storage = await openStorage(options)
  await checkStore(storage, config, log, { recompute: true }, (line) => lines.push(line))
  return lines
}

describe.each(fixtures)('a database of a released version: %s', (fixture) => {
  const version = versionOf(fixture)

  it('is brought up to date by starting the server, which answers as the old one did', async () => {
    await using left = await (fixture.endsWith('.db.gz') ? leftInFile(fixture) : leftInPostgres(fixture))
    const config = loadConfig(configured(left.url)[1], {})
    const { found, known, steps } = await planMigration(storageOptions(config.database), log)
    expect({ found, steps: steps.map((step) => step.version) }).toEqual({
      found: version,
      steps: Array.from({ length: known - version }, (_, index) => version + 1 + index),
    })
    for (const { tookMs } of steps) expect(tookMs).toBeGreaterThanOrEqual(0)
    // What was tried was undone: everything else still finds the old schema.
    await expect(check(config)).rejects.toThrow(`has schema version ${version}, older than ${known}`)
    {
      await using server = await startRoomserver(config, log)
      expect(await answersOf(server.url)).toEqual(ANSWERS)
    }
    expect(await check(config)).toEqual([])
    expect(await planMigration(storageOptions(config.database), log)).toMatchObject({ steps: [] })
  })
})

// Whoever adds a schema makes the fixtures of the one before, as `make-schema-fixture.ts` says.
it.each(['.db.gz', '.sql.gz'])('has a database of every schema before this one: %s', async (ending) => {
  await using left = leftInFile('schema-1.db.gz')
  const { known } = await planMigration({ dialect: 'sqlite', file: left.url.slice('file:'.length) }, log)
  const versions = fixtures.filter((name) => name.endsWith(ending)).map(versionOf)
  const before = Array.from({ length: known - 1 }, (_, index) => index + 1)
  expect(versions.toSorted((one, other) => one - other)).toEqual(before)
})

it('says what a migration would change, and how long it takes on this database', async () => {
  await using left = leftInFile('schema-1.db.gz')
  const { text, status } = await run('migrate', '--dry-run', ...configured(left.url))
  expect(status).toBe(0)
  expect(text).toMatch(/^the database has schema 1, and this program needs \d+: \d+ steps$/m)
  expect(text).toMatch(/^2 {2}leases: older programs can go on\n {6}creates the table leases\n {6}took \d/m)
  expect(text).toMatch(/^14 {2}words of Matrix: older programs cannot use the database afterwards$/m)
  expect(text).toMatch(/^ {6}makes an index on room_nid, nid of events \(\d+ rows\)$/m)
  expect(text).toMatch(
    /all steps together took \d+\.\d\d s; meanwhile nobody can write\nnothing was changed\n$/,
  )
})

it('migrates without serving', async () => {
  await using left = leftInFile('schema-1.db.gz')
  const config = configured(left.url)
  const { status, text } = await run('migrate', ...config)
  expect(text).toMatch(/^the database has schema \d+ now; before it had 1\n$/)
  expect(status).toBe(0)
  expect((await run('check', ...config)).text).toContain('0 findings')
})

it('says what a dry run cannot try beside a server of an older version, and does not migrate under it', async () => {
  await using left = await leftInPostgres('schema-13.sql.gz')
  const config = configured(left.url)
  // As a process of the version before connects, which does not tell its schema.
  const older = new Client({ connectionString: left.url, application_name: 'roomserver' })
  await older.connect()
  const plan = await run('migrate', '--dry-run', ...config)
  expect(plan.text).toContain('not tried, because processes use the database (1 connection)')
  expect(plan.text).toMatch(/step \d+ is refused until they are stopped/)
  for (const command of ['migrate', 'serve']) {
    const { status, errors } = await run(command, ...config)
    expect(status).toBe(1)
    expect(errors).toMatch(
      /^roomserver: processes of an older version of the program use the database \(1 connections?\), and could not any more with schema version \d+: stop them first; nothing was changed\n$/,
    )
  }
  await older.end()
  expect((await run('migrate', ...config)).status).toBe(0)
})

it('tries nothing in an embedded store that a server uses, and names the process', async () => {
  await using left = leftInFile('schema-14.db.gz')
  const config = configured(left.url)
  using _lock = lockFile(left.url.slice('file:'.length))
  const { text } = await run('migrate', '--dry-run', ...config)
  expect(text).toContain(`not tried, because process ${process.pid} is using it`)
  expect((await run('migrate', ...config)).errors).toContain('the database can be used by one process only')
})

it('makes no tables where there are none', async () => {
  await using database = await createDatabase(inject('postgresUrl'))
  const { text } = await run('migrate', '--dry-run', ...configured(database.url))
  expect(text).toBe('the database holds no rooms yet: starting the server makes its tables\n')
})
