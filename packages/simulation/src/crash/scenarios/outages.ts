import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '@roomserver/testing/reference-resolution'
import type { TestBed, Services } from '../test-bed.ts'
import { type Scenario, underLoad } from './under-load.ts'

const RESTARTS = 3
const OUTAGE_MS = 60_000
const CUTS = 20

/** PostgreSQL stopped in immediate mode, as a crash of it would, and started again. */
export const databaseRestart: Scenario = {
  name: 'PostgreSQL restarted in immediate mode',
  needs: 'production',
  run: (testBed, seed) =>
    underUnchangedServer(testBed, seed, async ({ postgres }) => {
      for (let restarts = 0; restarts < RESTARTS; restarts++) {
        await pause(2_000)
        await postgres.stop('kill')
        await pause(500 * restarts)
        await postgres.start()
      }
      await pause(2_000)
    }),
}

/** The message server away for a minute: rooms go on meanwhile, and what they announce comes afterwards. */
export const messageServerOutage: Scenario = {
  name: 'nats-server stopped for a minute',
  needs: 'production',
  run: (testBed, seed) =>
    underUnchangedServer(testBed, seed, async ({ nats: [nats] }) => {
      await pause(2_000)
      await nats.stop('kill')
      await pause(OUTAGE_MS)
      await nats.start()
      await pause(2_000)
    }),
}

/** Connections to database, message server and callers cut in the middle of anything. */
export const cutConnections: Scenario = {
  name: 'connections cut in the middle',
  needs: 'production',
  run: (testBed, seed) => {
    const random = seededRandom(seed)
    return underUnchangedServer(
      testBed,
      seed,
      async ({ proxies }) => {
        for (let cuts = 0; cuts < CUTS; cuts++) {
          await pause(100 + random(900))
          proxies[cuts % proxies.length]?.cut()
        }
      },
      () => (random(5) === 0 ? random(30) : undefined),
    )
  },
}

async function underUnchangedServer(
  testBed: TestBed,
  seed: number,
  disturb: (services: Services) => Promise<void>,
  givesUpAfterMs?: () => number | undefined,
) {
  const { server, services } = testBed
  if (services === undefined) return 'no database server'
  if (!server.isRunning) await server.start()
  const result = await underLoad(testBed, seed, () => disturb(services), {
    ...(givesUpAfterMs !== undefined && { givesUpAfterMs }),
  })
  const died = server.isRunning ? [] : [`the server ended: ${server.log}`]
  return { ...result, problems: [...result.problems, ...died] }
}
