import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, startNats, startPostgres } from '@roomserver/testing'
import { Command } from 'commander'
import { buildComponents, ComponentsMissing } from '../interop/components.ts'
import { type LoadOptions, type LoadRow, loadTable, putUnderLoad } from '../load/measure.ts'
import { startReference } from '../load/reference.ts'
import { BUILT, startTarget } from '../traffic/target.ts'

const ROOT = join(import.meta.dirname, '../../../..')

interface Options extends LoadOptions {
  readonly from: string
  readonly cache: string
  readonly reference: boolean
}

/** `conformance load`: puts the servers under the same load, one after the other, and prints them side by side. */
export function loadCommand(): Command {
  return new Command('load')
    .description(
      'puts our server (PostgreSQL and JetStream, then SQLite) and the reference under the same load',
    )
    .option('--generator <file>', 'the load generator', join(ROOT, '../shared/perf/load.mjs'))
    .option('--phases <names>', 'phases of the load', 'sequential,parallel,growth,queries,forks')
    .option('--members <sizes>', 'sizes of the growing room', '100,1000,3000')
    .option('--messages <count>', 'messages of a phase', Number, 1000)
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
  if (!existsSync(options.generator)) {
    console.log(`skipped: there is no load generator at ${options.generator}`)
    return
  }
  await using owned = new AsyncDisposableStack()
  // Commits are forced to the disk, for all alike.
  const postgres = owned.use(await startPostgres({ durable: true, settings: { max_connections: 200 } }))
  const reference = options.reference ? await loadReference(postgres.url, options) : undefined
  console.log('ours, PostgreSQL and JetStream')
  const production = await loadOurs(options, postgres.url)
  console.log('ours, SQLite and the embedded log')
  const embedded = await loadOurs(options)
  console.log(loadTable(reference, production, embedded))
}

async function loadReference(postgresUrl: string, options: Options): Promise<readonly LoadRow[] | undefined> {
  try {
    const components = await buildComponents(options.from, options.cache)
    await using database = await createDatabase(postgresUrl)
    await using nats = await startNats()
    await using server = await startReference(components, database.url, nats.url)
    console.log('the reference, PostgreSQL and JetStream')
    return await putUnderLoad(server.url, server.pid, options)
  } catch (error) {
    if (!(error instanceof ComponentsMissing)) throw error
    console.log(`the reference is left out: ${error.message}`)
    return undefined
  }
}

async function loadOurs(options: Options, postgresUrl?: string): Promise<readonly LoadRow[]> {
  await using owned = new AsyncDisposableStack()
  const stores =
    postgresUrl === undefined
      ? {}
      : {
          database: owned.use(await createDatabase(postgresUrl)).url,
          natsUrl: owned.use(await startNats()).url,
        }
  const target = owned.use(await startTarget({ serverName: 'test.example', ...stores }, BUILT))
  return await putUnderLoad(target.url, target.pid, options)
}
