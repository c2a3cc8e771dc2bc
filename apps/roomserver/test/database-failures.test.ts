import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres, type TestServer } from '@roomserver/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openRows } from '../src/import/rows.ts'
import { configFile, folder, Program, run } from './program.ts'

let server: TestServer

const config = (url: string) =>
  configFile(folder(), {
    room_server: { internal_api: { listen: 'http://127.0.0.1:0' }, database: { connection_string: url } },
  })

/** A PostgreSQL that wants passwords, as installations have it, with a role that has no rights. */
beforeAll(async () => {
  server = await startPostgres()
  const client = new Client({ connectionString: server.url })
  await client.connect()
  await client.query(`create role guest login password 'open'`)
  await client.query(`create database rooms`)
  await client.query(`create database ours owner guest`)
  await client.query('revoke create on schema public from public')
  await client.end()
  const rules = join(server.folder, 'pg_hba.conf')
  const others = readFileSync(rules, 'utf8')
  writeFileSync(rules, 'host all guest 127.0.0.1/32 scram-sha-256\n')
  appendFileSync(rules, others)
  await server.stop()
  await server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

const at = (login: string, database = 'rooms', query = '') => {
  const url = new URL(server.url)
  return `postgresql://${login}@${url.host}/${database}${query}`
}

const CANNOT = 'roomserver: the database cannot be used: '

it.each([
  [
    'a wrong password',
    () => at('guest:wrong'),
    /password authentication failed for user "guest" \(28P01\); correct the user/,
  ],
  ['no password', () => at('guest'), /client password must be a string; give the password/],
  [
    'a role that does not exist',
    () => at('nobody'),
    /role "nobody" does not exist \(28000\); correct the user/,
  ],
  [
    'a database that does not exist',
    () => at('guest:open', 'nowhere'),
    /database "nowhere" does not exist \(3D000\); create the database/,
  ],
  [
    'a schema that belongs to another role',
    () => at('guest:open'),
    /permission denied for schema public \(42501\); give the role/,
  ],
  [
    'TLS that the server does not have',
    () => at('guest:open', 'rooms', '?sslmode=require'),
    /does not support SSL connections; add sslmode=disable/,
  ],
  [
    'a host that does not exist',
    () => 'postgresql://u:p@host.invalid/rooms',
    /host\.invalid; (?:the host name is not known|the name server does not answer)/,
  ],
  [
    'servers of which none can be used',
    () => 'postgresql://u:p@127.0.0.1:1,127.0.0.1:2/rooms',
    /no server can be used \(127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1; 127\.0\.0\.1:2: /,
  ],
  [
    'a standby',
    () => at('postgres', 'rooms', '?options=-c%20default_transaction_read_only%3Don'),
    /read-only transaction \(25006\); the server is a standby/,
  ],
])('ends with one line that says what to do: %s', { timeout: 60_000 }, async (_what, url, reason) => {
  const { status, errors, text } = await run('serve', '--config', config(url()))
  expect(errors).toMatch(reason)
  expect(errors.startsWith(CANNOT)).toBe(true)
  expect(errors.trimEnd().split('\n')).toHaveLength(1)
  expect(text).not.toContain('"level":"error"')
  expect(status).toBe(1)
})

it('answers 503 with Retry-After while the database takes no writes, is gone, or refuses the role, and is not ready', async () => {
  const operator = new Client({ connectionString: server.url.replace(/postgres$/, 'ours') })
  operator.on('error', () => undefined)
  await operator.connect()
  await operator.query('alter role guest reset default_transaction_read_only')
  await operator.query('alter role guest login')
  await using program = await Program.serving(['--config', config(at('guest:open', 'ours'))])
  const ask = async () => {
    if (program.hasEnded) throw new Error(`the program has ended: ${program.stdout}${program.stderr}`)
    const answer = await fetch(`${program.url}/api/roomserver/setRoomAlias`, {
      method: 'POST',
      body: JSON.stringify({ user_id: '@a:localhost', alias: '#a:localhost', room_id: '!r:localhost' }),
    })
    const ready = await fetch(`${program.url}/readyz`)
    return { status: answer.status, retry: answer.headers.get('retry-after'), ready: ready.status }
  }
  const trouble = { status: 503, retry: '1', ready: 503 }
  const recovers = () => expect.poll(ask, { timeout: 20_000 }).toMatchObject({ status: 200, ready: 200 })
  await recovers()
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'guest'`

  await operator.query('alter role guest set default_transaction_read_only = on')
  await operator.query(cut)
  await expect.poll(ask, { timeout: 20_000 }).toEqual(trouble)
  await operator.query('alter role guest reset default_transaction_read_only')
  await recovers()

  await operator.query('alter role guest nologin')
  await operator.query(cut)
  await expect.poll(ask, { timeout: 20_000 }).toEqual(trouble)
  await operator.query('alter role guest login')
  await recovers()

  await operator.end()
  await server.stop('kill')
  await expect.poll(ask, { timeout: 20_000 }).toEqual(trouble)
  await server.start()
  await recovers()
})

it('goes on with an import when the connection to its source ends between two reads', async () => {
  const operator = new Client({ connectionString: server.url })
  await operator.connect()
  await using rows = openRows(server.url)
  const read = () => rows.read<{ pid: number }>('select pg_backend_pid() as pid')
  const [before] = await read()
  await operator.query('select pg_terminate_backend($1)', [before?.pid])
  const again = () =>
    read().then(
      ([row]) => row?.pid,
      () => before?.pid,
    )
  await expect.poll(again, { timeout: 20_000 }).not.toBe(before?.pid)
  await operator.end()
})
