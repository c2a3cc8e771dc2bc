import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, startNats, startPostgres } from '@roomserver/testing'
import { Command } from 'commander'
import { flood, largeJoin, type Work } from '../federated/phases.ts'
import { type StandIn, startStandIn } from '../federated/stand-in.ts'
import { federatedTable } from '../federated/table.ts'
import type { Weight } from '../federated/weigh.ts'
import { NEAR } from '../federated/names.ts'
import { buildComponents, ComponentsMissing } from '../interop/components.ts'
import { startReference } from '../load/reference.ts'
import { BUILT, startTarget } from '../traffic/target.ts'

const ROOT = join(import.meta.dirname, '../../../..')

interface Options {
  readonly members: string
  readonly missing: string
  readonly from: string
  readonly cache: string
  readonly reference: boolean
}

/** `conformance federated`: has the servers join a large room and fill a large gap, and prints them side by side. */
export function federatedCommand(): Command {
  return new Command('federated')
    .description(
      'has our server and the reference join large rooms and fill large gaps, with one federation component',
    )
    .option('--members <sizes>', 'sizes of the rooms to join; empty: none', '1000,10000')
    .option('--missing <counts>', 'events missing in the rooms to repair; empty: none', '10000')
    .option(
      '--from <source>',
      "folder or archive of the reference's source",
      join(ROOT, '../shared/interop/dendrite-c45d0936b5.tar.gz'),
    )
    .option('--cache <folder>', 'where built components are kept', join(tmpdir(), 'roomserver-interop-cache'))
    .option('--no-reference', 'leave the reference out')
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
  const production = await withOurs(works, standIn, postgres.url)
  const embedded = await withOurs(works, standIn)
  const reference = options.reference ? await withReference(works, standIn, postgres.url, options) : []
  const rows = works.map(({ name }, index) => ({
    name,
    reference: reference[index],
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

type Weights = readonly (Weight | undefined)[]

async function withReference(
  works: readonly Work[],
  standIn: StandIn,
  postgresUrl: string,
  options: Options,
): Promise<Weights> {
  try {
    const components = await buildComponents(options.from, options.cache)
    await using database = await createDatabase(postgresUrl)
    await using nats = await startNats()
    await using server = await startReference(components, database.url, nats.url, standIn.url)
    return await doAll('the reference, PostgreSQL and JetStream', works, server, standIn)
  } catch (error) {
    if (!(error instanceof ComponentsMissing)) throw error
    console.log(`the reference is left out: ${error.message}`)
    return []
  }
}

async function withOurs(works: readonly Work[], standIn: StandIn, postgresUrl?: string): Promise<Weights> {
  await using owned = new AsyncDisposableStack()
  const stores =
    postgresUrl === undefined
      ? {}
      : {
          database: owned.use(await createDatabase(postgresUrl)).url,
          natsUrl: owned.use(await startNats()).url,
        }
  const options = { serverName: NEAR, federationUrl: standIn.url, ...stores }
  const server = owned.use(await startTarget(options, BUILT))
  const form = postgresUrl === undefined ? 'SQLite and the embedded log' : 'PostgreSQL and JetStream'
  return await doAll(`ours, ${form}`, works, server, standIn)
}

async function doAll(
  name: string,
  works: readonly Work[],
  server: { readonly url: string; readonly pid: number },
  standIn: StandIn,
): Promise<Weights> {
  console.log(name)
  const weights: (Weight | undefined)[] = []
  for (const work of works) {
    const weight = await work.run(server, standIn).catch((error: unknown) => {
      console.log(`  ${work.name} failed: ${String(error)}`)
    })
    if (weight) console.log(`  ${work.name}: ${JSON.stringify(weight)}`)
    weights.push(weight ?? undefined)
  }
  return weights
}
