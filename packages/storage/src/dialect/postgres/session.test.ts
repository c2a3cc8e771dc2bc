import { describe, expect, it } from 'vitest'
import { parseConnectionString } from './connection-string.ts'
import { sessionConfig } from './session.ts'

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
})
