import pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { newestMigration } from '../../migrations/index.ts'
import { parseConnectionString } from './connection-string.ts'
import { placeOf, sessionConfig } from './session.ts'

const placeAt = (query: string) =>
  parseConnectionString(`postgresql://u@a:5432,b:5433/rooms${query}`) ?? expect.fail('not understood')
const withOptions = placeAt(`?options=${encodeURIComponent('-c search_path=mine')}`)
const bare = placeAt('')

describe('what a session of PostgreSQL begins with', () => {
  it('is the settings of the planner and those of the connection string, where the session is its own', () => {
    expect(sessionConfig(withOptions, 'own').options).toMatch(/^-c .* -c search_path=mine$/)
    expect(sessionConfig(bare, 'own').options).toMatch(/^-c \S+=\S+(?: -c \S+=\S+)*$/)
  })

  it('is only what the connection string says, where others use the session as well', () => {
    expect(sessionConfig(withOptions, 'pooled').options).toBe('-c search_path=mine')
    const config = sessionConfig(bare, 'pooled')
    expect(config).not.toHaveProperty('options')
    expect(config).not.toHaveProperty('idle_in_transaction_session_timeout')
  })
  it('arrives at the server', async () => {
    const place = placeOf({ connectionString: inject('postgresUrl') })
    const client = new pg.Client(sessionConfig(place, 'own'))
    await client.connect()
    const names = [
      'application_name',
      'enable_hashjoin',
      'enable_mergejoin',
      'enable_seqscan',
      'idle_in_transaction_session_timeout',
      'jit',
      'plan_cache_mode',
    ]
    const { rows } = await client.query<{ name: string; setting: string }>(
      'select name, setting from pg_settings where name = any($1) order by name',
      [names],
    )
    await client.end()
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      application_name: `roomserver/${newestMigration}`,
      enable_hashjoin: 'off',
      enable_mergejoin: 'off',
      enable_seqscan: 'off',
      idle_in_transaction_session_timeout: '60000',
      jit: 'off',
      plan_cache_mode: 'force_generic_plan',
    })
  })

  it('is a connection that is kept alive, to the first server or to the usual place', () => {
    expect(sessionConfig(bare, 'own')).toMatchObject({
      connectionString: expect.stringContaining('a:5432/rooms'),
      keepAlive: true,
    })
    const nowhere = { ...bare, servers: [] }
    expect(sessionConfig(nowhere, 'pooled').connectionString).toContain('localhost:5432')
  })

  it('is refused when the connection string is none', () => {
    expect(() => placeOf({ connectionString: 'rooms.db' })).toThrow(
      /the connection string: expected postgresql:/,
    )
  })
})
