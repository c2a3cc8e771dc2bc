import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDatabase, startPostgres } from '@roomserver/testing'
import { Client } from 'pg'
import { expect, inject, it } from 'vitest'
import type { DoctorFinding } from '../src/doctor/finding.ts'
import { configFile, folder, Program, run } from './program.ts'

interface Report {
  readonly findings: readonly DoctorFinding[]
}

async function examined(
  config: string,
): Promise<{ readonly status: number | null; readonly codes: readonly string[] }> {
  const { status, text } = await run('doctor', '--json', '--config', config)
  const { findings } = JSON.parse(text) as Report
  for (const { what, means, remedy } of findings) expect([what, means, remedy]).not.toContain('')
  return { status, codes: findings.map(({ severity, code }) => `${severity}: ${code}`) }
}

const on = (url: string, more: object = {}) =>
  configFile(folder(), {
    room_server: { internal_api: { listen: 'http://127.0.0.1:0' }, database: { connection_string: url } },
    ...more,
  })

/** A configuration in which there is nothing to put right. */
function well(url: string, global: object = {}): string {
  const config = on(url, { global: { metrics: { enabled: true }, ...global } })
  chmodSync(config, 0o600)
  chmodSync(join(config, '../key.pem'), 0o600)
  return config
}

async function started(config: string): Promise<void> {
  await using program = await Program.serving(['--config', config])
  await program.stop()
}

it('finds nothing where nothing is wrong', async () => {
  const config = well(`file:${join(folder(), 'rooms.db')}`)
  await started(config)
  const { status, text } = await run('doctor', '--config', config)
  expect(text).toBe('nothing was found\n')
  expect(status).toBe(0)
})

it('names what others can read, and what is switched off, as warnings', async () => {
  const file = join(folder(), 'rooms.db')
  const config = on(`file:${file}`)
  await started(config)
  chmodSync(file, 0o644)
  chmodSync(join(config, '../key.pem'), 0o644)
  expect(await examined(config)).toEqual({
    status: 2,
    codes: ['warning: key-mode', 'warning: data-mode', 'warning: metrics'],
  })
})

it('says what is wrong with a configuration, instead of failing', async () => {
  const config = join(mkdtempSync(join(folder(), 'x')), 'dendrite.yaml')
  writeFileSync(config, 'version: 1\n')
  expect(await examined(config)).toEqual({ status: 1, codes: ['error: configuration'] })
})

it('misses the key of a folder of data', async () => {
  const data = folder()
  await using program = await Program.serving(['--data', data, '--listen', '127.0.0.1:0'])
  await program.stop()
  rmSync(join(data, 'signing-key.pem'))
  const { status, text } = await run('doctor', '--json', '--data', data)
  const { findings } = JSON.parse(text) as Report
  expect({ status, codes: findings.map(({ code }) => code) }).toEqual({ status: 1, codes: ['key-missing'] })
})

it('says why a database cannot be used', async () => {
  await using database = await createDatabase(inject('postgresUrl'))
  expect(await examined(well(database.url))).toEqual({ status: 1, codes: ['error: database'] })
  const { text } = await run('doctor', '--config', well('postgresql://postgres@127.0.0.1:1/rooms'))
  expect(text).toContain('connect ECONNREFUSED 127.0.0.1:1; nothing listens there')
})

it('knows the settings of PostgreSQL that lose events, and a standby that does not answer', async () => {
  await using server = await startPostgres({ settings: { fsync: 'off' } })
  const config = well(server.url)
  await started(config)
  const client = new Client({ connectionString: server.url })
  await client.connect()
  await client.query('alter database postgres set synchronous_commit = off')
  await client.query("alter system set synchronous_standby_names = 'nobody'")
  await client.query('select pg_reload_conf()')
  await client.end()
  await expect
    .poll(async () => (await examined(config)).codes, { timeout: 60_000 })
    .toEqual(['error: database-fsync', 'error: database-synchronous-commit', 'error: database-standby'])
})

it('looks at the message server and the components without making anything there', async () => {
  const file = `file:${join(folder(), 'rooms.db')}`
  await started(well(file))
  const config = on(file, {
    global: {
      metrics: { enabled: true },
      jetstream: { addresses: [inject('natsUrl')], topic_prefix: 'Nobody' },
    },
    federation_api: { internal_api: { connect: 'http://127.0.0.1:1' } },
  })
  chmodSync(config, 0o600)
  chmodSync(join(config, '../key.pem'), 0o600)
  const before = await examined(config)
  expect(before.codes).toEqual(['warning: no-stream', 'warning: component'])
  await started(config)
  expect((await examined(config)).codes).toEqual(['warning: no-consumers', 'warning: component'])
  const gone = well(file, { jetstream: { addresses: ['nats://127.0.0.1:1'] } })
  expect((await examined(gone)).codes).toContain('error: nats')
})
