import { startPostgres } from '@roomserver/testing'
import { Command } from 'commander'
import { NEAR } from '../federated/names.ts'
import { flood, largeJoin, type Work } from '../federated/phases.ts'
import { type StandIn, startStandIn } from '../federated/stand-in.ts'
import { federatedTable } from '../federated/table.ts'
import type { Usage } from '../federated/measure.ts'
import type { ReferenceOptions } from '../interop/reference-programs.ts'
import { type Contender, withOurs, withReference } from '../load/side-by-side.ts'
import { withReferenceOption } from './reference-option.ts'

interface Options extends ReferenceOptions {
  readonly members: string
  readonly missing: string
  readonly cacheSize?: string
}

/** `conformance federated`: has the servers join a large room and fill a large gap, and prints them side by side. */
export function federatedCommand(): Command {
  return withReferenceOption(new Command('federated'))
    .description(
      'has our server and the reference join large rooms and fill large gaps, with one federation component',
    )
    .option('--members <sizes>', 'sizes of the rooms to join; empty: none', '1000,10000')
    .option('--missing <counts>', 'events missing in the rooms to repair; empty: none', '10000')
    .option(
      '--cache-size <size>',
      'what our cache may take, such as 64mb; as without a configuration when left out',
    )
    .action(run)
}

async function run(options: Options): Promise<void> {
  const works: Work[] = []
  for (const members of numbersOf(options.members)) works.push(await largeJoin(members))
  for (const missing of numbersOf(options.missing)) works.push(await flood(missing))
  await using owned = new AsyncDisposableStack()
  // Commits are forced to the disk, for all alike.
  const postgres = owned.use(await startPostgres({ durable: true, settings: { max_connections: 200 } }))
  const rooms = new Map(works.flatMap((work) => [...work.rooms]))
  const standIn = owned.use(await startStandIn(rooms))
  const circumstances = { serverName: NEAR, federationUrl: standIn.url, cacheBytes: options.cacheSize }
  const durable = { ...circumstances, postgresUrl: postgres.url }
  const work = (server: Contender) => doAll(works, server, standIn)
  const reference = await withReference(options, durable, work)
  const production = await withOurs(durable, work)
  const embedded = await withOurs(circumstances, work)
  const rows = works.map(({ name }, index) => ({
    name,
    reference: reference?.[index],
    production: production[index],
    embedded: embedded[index],
  }))
  console.log(federatedTable(rows))
}

function numbersOf(list: string): readonly number[] {
  return list
    .split(',')
    .filter((one) => one !== '')
    .map(Number)
}

type Usages = readonly (Usage | undefined)[]

async function doAll(works: readonly Work[], server: Contender, standIn: StandIn): Promise<Usages> {
  const weights: (Usage | undefined)[] = []
  for (const work of works) {
    const usage = await work.run(server, standIn).catch((error: unknown) => {
      console.log(`  ${work.name} failed: ${String(error)}`)
    })
    if (usage) console.log(`  ${work.name}: ${JSON.stringify(usage)}`)
    weights.push(usage ?? undefined)
  }
  return weights
}
