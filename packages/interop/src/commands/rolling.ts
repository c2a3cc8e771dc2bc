import { setTimeout as pause } from 'node:timers/promises'
import { createDatabase, startNats, startPostgres } from '@roomserver/testing'
import { Command, Option } from 'commander'
import { BALANCERS, type BalancerName, startBalancer } from '../rolling/balancers.ts'
import { type CallerKind, startCallers } from '../rolling/callers.ts'
import { RestartableServer } from '../rolling/processes.ts'

interface Options {
  readonly balancer: BalancerName
  readonly drain: string
  readonly signal: NodeJS.Signals
  readonly callers: number
  readonly client?: true
}

const PROCESSES = 3
/** Load before, and between two restarts. */
const SETTLE_MS = 2_000

/** `conformance rolling`: restarts three processes one after the other under load, and counts what callers see. */
export function rollingCommand(): Command {
  return new Command('rolling')
    .description('restarts three processes behind a load balancer one by one, and counts requests that fail')
    .addOption(
      new Option('--balancer <name>', 'HAProxy or nginx, and what callers speak')
        .choices(BALANCERS)
        .default('haproxy-h2'),
    )
    .option('--drain <time>', 'roomserver.drain_time', '3s')
    .addOption(
      new Option('--signal <name>', 'what ends a process').choices(['SIGTERM', 'SIGKILL']).default('SIGTERM'),
    )
    .option('--callers <count>', 'callers, each with a connection of its own', Number, 16)
    .option(
      '--client',
      'callers use the client of @roomserver/inthttp, which repeats what it may, over HTTP/2',
    )
    .action(run)
}

async function run({ balancer, drain, signal, callers, client }: Options): Promise<void> {
  await using owned = new AsyncDisposableStack()
  const postgres = owned.use(await startPostgres())
  const database = owned.use(await createDatabase(postgres.url))
  const nats = owned.use(await startNats())
  const place = { serverName: 'a', database: database.url, natsUrl: nats.url, drainTime: drain }
  const servers: RestartableServer[] = []
  while (servers.length < PROCESSES) servers.push(owned.use(await RestartableServer.start(place)))
  const front = owned.use(
    await startBalancer(
      balancer,
      servers.map(({ port }) => port),
    ),
  )
  const kind: CallerKind = client ? 'client' : balancer.endsWith('h2') ? 'h2' : 'h1'
  const load = startCallers(front.port, kind, callers)
  await pause(SETTLE_MS)
  for (const server of servers) {
    await server.end(signal)
    await server.start()
    await pause(SETTLE_MS)
  }
  await load.end()
  const { answered, failures } = load.answers
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  console.log('| load balancer | callers | ended by | drain_time | answered | failed | why |')
  console.log('| --- | --- | --- | --- | ---: | ---: | --- |')
  const why = [...failures].map(([reason, count]) => `${count} × ${reason}`).join(', ')
  console.log(`| ${balancer} | ${kind} | ${signal} | ${drain} | ${answered} | ${failed} | ${why} |`)
}
