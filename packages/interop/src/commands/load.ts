import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '@roomserver/testing'
import { Command, Option } from 'commander'
import type { ReferenceOptions } from '../interop/reference-programs.ts'
import { type LoadRow, putUnderLoad } from '../load/measure.ts'
import { type LoadOptions, loadRuns, type RunName, runsNamed } from '../load/runs.ts'
import { type Contender, withOurs, withReference } from '../load/side-by-side.ts'
import { loadTables } from '../load/tables.ts'
import { withReferenceOption } from './reference-option.ts'

const ROOT = join(import.meta.dirname, '../../../..')

interface Options extends LoadOptions, ReferenceOptions {
  readonly generator: string
  readonly runs: string
  readonly store: 'both' | 'postgres' | 'sqlite'
  readonly cacheSize?: string
}

/** `conformance load`: puts the servers under the same loads, in turns, and prints them side by side. */
export function loadCommand(): Command {
  return withReferenceOption(new Command('load'))
    .description(
      'puts our server (PostgreSQL and JetStream, then SQLite) and the reference under the same loads, in turns',
    )
    .option('--generator <file>', 'the load generator', join(ROOT, '../shared/perf/load.mjs'))
    .option('--runs <names>', 'which loads', 'in-order,shuffled,mix,mix-without,mix-idle')
    .option('--phases <names>', 'phases of the load in order', 'sequential,parallel,growth,queries,forks')
    .option('--members <sizes>', 'sizes of the growing room', '100,1000,3000')
    .option('--messages <count>', 'messages of a phase', Number, 1000)
    .option('--mix-rooms <count>', 'rooms of the mix', Number, 400)
    .option('--mix-members <count>', 'members of its large room', Number, 5000)
    .option('--mix-messages <count>', 'a quarter of its events', Number, 600)
    .addOption(
      new Option('--store <name>', 'where ours keeps rooms')
        .choices(['both', 'postgres', 'sqlite'])
        .default('both'),
    )
    .option(
      '--cache-size <size>',
      'what our cache may take, such as 64mb; as without a configuration when left out',
    )
    .action(run)
}

async function run(options: Options): Promise<void> {
  const { generator, store, cacheSize } = options
  if (!existsSync(generator)) {
    console.log(`skipped: no load generator at ${generator}`)
    return
  }
  const wanted = runsNamed(options.runs)
  await using owned = new AsyncDisposableStack()
  // Commits are forced to the disk, for all alike.
  const postgres = owned.use(await startPostgres({ durable: true, settings: { max_connections: 200 } }))
  const embedded = { serverName: 'test.example', cacheBytes: cacheSize }
  const production = { ...embedded, postgresUrl: postgres.url }
  const reports: Record<
    'reference' | 'production' | 'embedded',
    Partial<Record<RunName, readonly LoadRow[]>>
  > = {
    reference: {},
    production: {},
    embedded: {},
  }
  for (const name of wanted) {
    console.log(`run ${name}`)
    const load = (server: Contender) => putUnderLoad(generator, server, loadRuns(options)[name])
    const reference = await withReference(options, production, load)
    if (reference !== undefined) reports.reference[name] = reference
    if (store !== 'sqlite') reports.production[name] = await withOurs(production, load)
    if (store !== 'postgres') reports.embedded[name] = await withOurs(embedded, load)
  }
  console.log(loadTables(reports))
}
