import { deepEqual } from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { formatSigningKey } from '@roomserver/engine'
import { createDatabase, endWithUs, findPostgres, freePort, startPostgres } from '@roomserver/testing'
import { answersOf, fill } from './rooms.ts'

/**
 * Makes the two databases of a released schema, in `fixtures/`: has the program of that release fill them, as its callers
 * would.
 *
 *     git worktree add /tmp/release TAG && (cd /tmp/release && npx -y pnpm@12.21.0 install)
 *     node --conditions=@roomserver/source apps/roomserver/test/upgrade/make-schema-fixture.ts /tmp/release
 */
const FIXTURES = join(import.meta.dirname, 'fixtures')

async function makeFixtures(checkout: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'roomserver-schema-'))
  const file = join(folder, 'rooms.db')
  const answers = await filled(checkout, folder, `file:${file}`)
  const version = schemaOf(file)
  writeFileSync(join(FIXTURES, `schema-${version}.db.gz`), compressed(wholeFile(file)))

  await using server = await startPostgres()
  await using database = await createDatabase(server.url)
  const others = await filled(checkout, folder, database.url)
  deepEqual(others, answers)
  writeFileSync(join(FIXTURES, `schema-${version}.sql.gz`), compressed(await dump(database.url)))
  const expected = join(FIXTURES, `answers.json`)
  // Every release gives the same answers.
  if (existsSync(expected)) deepEqual(answers, JSON.parse(readFileSync(expected, 'utf8')))
  else writeFileSync(expected, `${JSON.stringify(answers, null, 2)}\n`)
}

/** Has the program fill a database, and gives what it answers then. */
async function filled(checkout: string, folder: string, database: string): Promise<unknown> {
  const port = await freePort()
  const config = join(folder, 'dendrite.yaml')
  const key = join(folder, 'key.pem')
  writeFileSync(key, formatSigningKey({ keyId: 'ed25519:auto', seed: new Uint8Array(32).fill(1) }))
  writeFileSync(
    config,
    JSON.stringify({
      version: 2,
      global: { server_name: 'localhost', private_key: key },
      room_server: {
        internal_api: { listen: `http://127.0.0.1:${port}`, connect: `http://127.0.0.1:${port}` },
        database: { connection_string: database },
      },
    }),
  )
  const entry = join(resolve(checkout), 'apps/roomserver/src/index.ts')
  const program = spawn(process.execPath, ['--conditions=@roomserver/source', entry, 'serve', '-c', config], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  endWithUs(program, 'SIGKILL')
  const url = `http://127.0.0.1:${port}`
  await ready(program, url)
  await fill(url)
  const answers = await answersOf(url)
  program.kill('SIGTERM')
  await once(program, 'exit')
  return answers
}

async function ready(program: ChildProcess, url: string): Promise<void> {
  program.stdout?.resume()
  while ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok !== true) {
    if (program.exitCode !== null) throw new Error('the program does not start')
    await new Promise((done) => setTimeout(done, 100))
  }
}

function schemaOf(file: string): number {
  const database = new DatabaseSync(file)
  const row = database.prepare('select max(version) as version from schema_versions').get()
  database.close()
  return Number(row?.['version'])
}

/** The database without its write-ahead log. */
function wholeFile(file: string): Buffer {
  const copy = `${file}.copy`
  const database = new DatabaseSync(file)
  database.exec(`vacuum into '${copy}'`)
  database.close()
  return readFileSync(copy)
}

/** Statements that make the database again, one after the other. */
async function dump(url: string): Promise<string> {
  const flags = ['--inserts', '--rows-per-insert=100', '--no-owner', '--no-privileges', url]
  // What is on the path may be a link to one program of several.
  const programs = dirname(realpathSync(join(await findPostgres(), 'postgres')))
  const text = execFileSync(join(programs, 'pg_dump'), flags, { encoding: 'utf8' })
  // What begins with a backslash is for psql, and says nothing of the database.
  return text.replaceAll(/^(?:--.*|\\.*|SET .*|SELECT pg_catalog\.set_config.*)?\n/gm, '')
}

function compressed(content: Buffer | string): Buffer {
  return gzipSync(content, { level: 9 })
}

await makeFixtures(process.argv[2] ?? '.')
