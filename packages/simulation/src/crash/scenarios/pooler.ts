import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '@roomserver/testing/reference-resolution'
import { ServerProcess } from '../server-process.ts'
import { productionTestBed } from '../test-bed.ts'
import { type Scenario, underLoad } from './under-load.ts'

/** Fewer than the processes use at a time, so that each gets what another has just given back. */
const CONNECTIONS = 6
const RESTARTS = 4

/** Three processes on one database through PgBouncer in transaction mode, which is killed and cut off meanwhile. */
export const throughPooler: Scenario = {
  name: 'three processes through PgBouncer in transaction mode, killed and started again',
  needs: 'production',
  run: async (_testBed, seed) => {
    await using owned = new AsyncDisposableStack()
    const bed = await productionTestBed({ pooledConnections: CONNECTIONS }).catch((error: unknown) => {
      // No PgBouncer was found, and none could be fetched.
      if (error instanceof AggregateError) return error.message
      throw error
    })
    if (typeof bed === 'string') return bed
    owned.use(bed)
    const { pooler, proxies } = bed.services ?? {}
    if (pooler === undefined) return 'no connection pooler'
    const servers = [bed.server]
    while (servers.length < 3) servers.push(owned.use(await ServerProcess.prepare(bed.place)))
    await Promise.all(servers.slice(1).map((server) => server.start()))
    const random = seededRandom(seed)
    const disturb = async (): Promise<void> => {
      for (let restarts = 0; restarts < RESTARTS; restarts++) {
        await pause(2_000)
        await pooler.stop('kill')
        await pause(random(1_000))
        await pooler.start()
        await pause(1_000)
        proxies?.[0]?.cut()
      }
      await pause(2_000)
    }
    const result = await underLoad(bed, seed, disturb, {
      url: () => (servers[random(servers.length)] ?? bed.server).url,
    })
    const died = servers.filter(({ isRunning }) => !isRunning).map(({ log }) => `a server ended: ${log}`)
    return { ...result, problems: [...result.problems, ...died] }
  },
}
