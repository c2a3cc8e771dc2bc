import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '@roomserver/testing/reference-resolution'
import { ServerProcess } from '../server-process.ts'
import { type Scenario, underLoad } from './under-load.ts'

const KILLS = 12

/** Three processes on one database, the same rooms through all three, one killed and started again all the time. */
export const threeProcesses: Scenario = {
  name: 'three processes on one database, one killed and started again all the time',
  needs: 'production',
  run: async (testBed, seed) => {
    const random = seededRandom(seed)
    await testBed.server.kill()
    await using owned = new AsyncDisposableStack()
    const servers = [testBed.server]
    while (servers.length < 3) servers.push(owned.use(await ServerProcess.prepare(testBed.place)))
    await Promise.all(servers.map((server) => server.start()))
    const killAllTheTime = async (): Promise<void> => {
      for (let kills = 0; kills < KILLS; kills++) {
        const server = servers[kills % 3]
        await pause(200 + random(1_000))
        await server?.kill()
        await server?.start()
      }
    }
    const url = () => (servers[random(3)] ?? testBed.server).url
    return await underLoad(testBed, seed, killAllTheTime, { url })
  },
}
