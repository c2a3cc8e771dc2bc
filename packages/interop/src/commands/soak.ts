import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BUILT, createDatabase, startNats, startPostgres, startTarget } from '@roomserver/testing'
import { Command, Option } from 'commander'
import { runSoak, type SoakOptions } from '../soak/run-soak.ts'
import { soakTable } from '../soak/slice.ts'

interface Options extends SoakOptions {
  readonly store: 'sqlite' | 'postgres'
  readonly cacheSize?: string
}

/** `conformance soak`: an ordinary day for as long as wanted, and what its first and its last part took. */
export function soakCommand(): Command {
  return new Command('soak')
    .description('gives our server an ordinary day at a steady rate, and prints its first and its last slice')
    .option('--minutes <count>', 'how long', Number, 60)
    .option('--rate <count>', 'events a second', Number, 20)
    .option('--slices <count>', 'parts to tell of', Number, 12)
    .option('--rooms <count>', 'rooms', Number, 400)
    .option('--members <count>', 'members of the largest room', Number, 2_000)
    .option('--seed <number>', 'the day is the same for the same seed', Number, 1)
    .addOption(
      new Option('--store <name>', 'where rooms are kept').choices(['sqlite', 'postgres']).default('sqlite'),
    )
    .option(
      '--cache-size <size>',
      'what the cache may take; smaller than what is used, or memory grows until it is full',
      '128mb',
    )
    .action(run)
}

async function run(options: Options): Promise<void> {
  await using owned = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-soak-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const store =
    options.store === 'sqlite' ? { database: `file:${join(folder, 'rooms.db')}` } : await startStores(owned)
  const serverName = 'test.example'
  const settings = { serverName, warmsUp: true, cacheBytes: options.cacheSize, ...store }
  const server = owned.use(await startTarget(settings, BUILT))
  const slices = await runSoak({ ...server, ...store, serverName }, options)
  const [first, last] = [slices[0], slices.at(-1)]
  if (first !== undefined && last !== undefined) console.log(soakTable(first, last))
}

async function startStores(owned: AsyncDisposableStack) {
  const postgres = owned.use(await startPostgres({ durable: true }))
  const database = owned.use(await createDatabase(postgres.url))
  return { database: database.url, natsUrl: owned.use(await startNats()).url }
}
