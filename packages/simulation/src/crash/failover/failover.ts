import { setTimeout as pause } from 'node:timers/promises'
import { openStorage } from '@roomserver/storage'
import { startNatsCluster, type TestServer } from '@roomserver/testing'
import { seededRandom } from '@roomserver/testing/reference-resolution'
import { Client } from 'pg'
import { untilRead, type TestBed } from '../test-bed.ts'
import { ServerProcess } from '../server-process.ts'
import { type ScenarioResult, underLoad } from '../scenarios/under-load.ts'
import { watchCluster } from './cluster-report.ts'
import { isOk } from './is-ok.ts'
import { type ClusterNode, type PatroniCluster, startPatroniCluster } from './patroni-cluster.ts'
import { clusterPrograms } from './programs.ts'
import { serverState } from './server-state.ts'
import { watchService } from './service-watch.ts'

/** What is done to a cluster under load. */
interface Fault {
  readonly name: string
  run(parts: FailoverBed): Promise<readonly string[]>
}

/** Everything of which there is more than one. */
export interface FailoverBed extends AsyncDisposable {
  readonly cluster: PatroniCluster
  readonly nats: readonly TestServer[]
  readonly servers: readonly ServerProcess[]
  readonly bed: TestBed
}

/** What came of a fault. */
export interface FailoverResult extends ScenarioResult {
  readonly fault: string
  /** The longest time between two writes that succeeded, by any of the processes. */
  readonly secondsWithoutService: number
  /** Outputs that the consumer got more than once. */
  readonly repeated: number
  /** What the cluster did meanwhile, in order. */
  readonly report: readonly string[]
}

const PROCESSES = 3
/** Load before and after a fault. */
const BEFORE_MS = 4_000
const AFTER_MS = 6_000
/** How long a node is cut off: longer than Patroni needs to replace it. */
const ISOLATION_MS = 40_000

export const FAILOVER_FAULTS: readonly Fault[] = [
  {
    name: 'the machine of the primary killed',
    run: async ({ cluster }) => {
      const { primary } = await cluster.settled()
      await primary.kill()
      await otherPrimary(cluster, primary.name)
      await pause(AFTER_MS)
      await primary.start()
      await cluster.settled()
      return []
    },
  },
  {
    name: 'the primary isolated, alive, and back',
    run: async ({ cluster }) => {
      const { primary } = await cluster.settled()
      primary.freeze()
      await otherPrimary(cluster, primary.name)
      // It still thinks that it is the primary, and takes connections.
      const problems = await writeTo(primary.port)
      await pause(ISOLATION_MS / 4)
      primary.thaw()
      const isDemoted = await becomesStandby(primary)
      await cluster.settled()
      return isDemoted ? problems : [...problems, 'the deposed primary became no standby of the new one']
    },
  },
  {
    name: 'switched over in order',
    run: async ({ cluster }) => {
      const { primary } = await cluster.settled()
      await cluster.switchOver()
      await otherPrimary(cluster, primary.name)
      await cluster.settled()
      return []
    },
  },
  {
    name: 'the standby promoted by an operator',
    run: async ({ cluster }) => {
      const { primary } = await cluster.settled()
      await cluster.failOver()
      await otherPrimary(cluster, primary.name)
      await cluster.settled()
      return []
    },
  },
  {
    name: 'the machine of the synchronous standby killed',
    run: async ({ cluster }) => {
      const { standby } = await cluster.settled()
      await standby.kill()
      await pause(ISOLATION_MS / 4)
      await standby.start()
      await cluster.settled()
      return []
    },
  },
  {
    name: 'the leader of three etcd killed, and started again',
    run: async ({ cluster }) => {
      const { primary } = await cluster.settled()
      const leaders = await Promise.all(cluster.etcd.map((member) => member.isLeader()))
      const leader = cluster.etcd.find((_, index) => leaders[index])
      if (leader === undefined) return ['no etcd leads']
      await leader.kill()
      await pause(ISOLATION_MS)
      const { primary: after } = await cluster.settled()
      leader.start()
      await cluster.settled()
      // Two of three go on: the primary has no reason to change.
      return after === primary ? [] : ['another PostgreSQL became the primary']
    },
  },
  {
    name: 'nats-servers restarted one by one',
    run: async ({ nats }) => {
      for (const server of nats) {
        await server.stop()
        await pause(1_000)
        await server.start()
        await pause(5_000)
      }
      return []
    },
  },
  {
    name: 'our processes replaced one by one',
    run: async ({ servers }) => {
      for (const server of servers) {
        await server.kill('SIGTERM')
        await server.start()
        await pause(1_000)
      }
      return []
    },
  },
]

async function otherPrimary(cluster: PatroniCluster, before: string): Promise<void> {
  const end = Date.now() + 90_000
  for (;;) {
    for (const { name, port, restPort } of cluster.nodes) {
      if (name === before) continue
      // Patroni says so before PostgreSQL has been promoted: until then it confirms what the old primary sends.
      if (
        (await isOk(`http://127.0.0.1:${restPort}/primary`)) &&
        (await serverState(port))?.isStandby === false
      )
        return
    }
    if (Date.now() > end) throw new Error('no other node becomes the primary')
    await pause(200)
  }
}

async function becomesStandby({ port }: ClusterNode): Promise<boolean> {
  const end = Date.now() + 60_000
  while (Date.now() < end) {
    const state = await serverState(port)
    if (state?.isStandby === true && state.timeline !== undefined) return true
    await pause(500)
  }
  return false
}

/** A write that reaches a deposed primary must not be acknowledged: nobody would ever see it again. */
async function writeTo(port: number): Promise<readonly string[]> {
  const client = new Client({
    connectionString: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(`update counters set next = next where kind = 'event'`)
    return ['a write to the deposed primary was acknowledged']
  } catch {
    return []
  } finally {
    void client.end().catch(() => undefined)
  }
}

/** Starts PostgreSQL under Patroni behind HAProxy, nats-servers and processes of ours, three of each. */
export async function startFailoverBed(say: (line: string) => void): Promise<FailoverBed> {
  const programs = await clusterPrograms(say)
  await using owned = new AsyncDisposableStack()
  const nats = await startNatsCluster(3)
  for (const server of nats) owned.use(server)
  const cluster = owned.use(await startPatroniCluster(programs, PROCESSES))
  const natsUrl = nats.map(({ url }) => url).join()
  const place = { database: cluster.url, natsUrl }
  const servers: ServerProcess[] = []
  for (const database of cluster.processUrls) {
    const server = owned.use(await ServerProcess.prepare({ ...place, database }))
    await server.start()
    servers.push(server)
  }
  const [server] = servers
  if (server === undefined) throw new Error('no process of ours')
  const storage = owned.use(
    await openStorage({ dialect: 'postgres', connectionString: cluster.url, maxConnections: 3 }),
  )
  const log = owned.use(await untilRead(natsUrl))
  const parts = owned.move()
  return {
    cluster,
    nats,
    servers,
    bed: {
      place,
      server,
      storage,
      log,
      isEmbedded: false,
      [Symbol.asyncDispose]: async () => undefined,
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** Does one thing to a cluster under load through all processes, and checks every room afterwards. */
export async function runFault(parts: FailoverBed, fault: Fault, seed: number): Promise<FailoverResult> {
  const { bed, servers } = parts
  const random = seededRandom(seed)
  const from = bed.log.taken.length
  const found: string[] = []
  const watch = watchService(servers)
  const cluster = watchCluster(parts.cluster)
  const url = () => (servers[random(servers.length)] ?? bed.server).url
  const result = await underLoad(
    bed,
    seed,
    async () => {
      await pause(BEFORE_MS)
      watch.begin()
      found.push(...(await fault.run(parts)))
      await pause(AFTER_MS)
      watch.end()
    },
    { url },
  )
  await cluster.end()
  const ids = bed.log.taken.slice(from).map(({ id }) => id)
  return {
    ...result,
    fault: fault.name,
    secondsWithoutService: watch.longestMs / 1_000,
    repeated: ids.length - new Set(ids).size,
    problems: [...result.problems, ...found],
    report: cluster.lines,
  }
}
