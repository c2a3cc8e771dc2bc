import { silentLogger } from '@roomserver/types'
import { expect, inject, it } from 'vitest'
import { openPool } from '../src/dialect/postgres/pool.ts'
import { StoreHealth } from '../src/health.ts'

// Whoever was about to get an idle connection was counted among those who wait.
it('counts as waiting only callers for whom there is no connection', async () => {
  const options = { dialect: 'postgres', connectionString: inject('postgresUrl'), maxConnections: 2 } as const
  const pool = openPool(options, silentLogger, new StoreHealth('a database', silentLogger))
  const client = await pool.connect()
  expect(pool.use()).toEqual({ inUse: 1, idle: 0, waiting: 0 })
  client.release()
  expect(pool.use()).toEqual({ inUse: 0, idle: 1, waiting: 0 })

  const [idle, fresh, late] = [pool.connect(), pool.connect(), pool.connect()]
  expect(pool.use()).toEqual({ inUse: 1, idle: 0, waiting: 1 })
  const taken = [await idle, await fresh]
  expect(pool.use()).toEqual({ inUse: 2, idle: 0, waiting: 1 })
  for (const one of taken) one.release()
  ;(await late).release()
  await pool.end()
})
