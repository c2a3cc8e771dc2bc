import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '@roomserver/testing'
import { Command } from 'commander'
import type { ReferenceOptions } from '../interop/reference-programs.ts'
import { type LoadOptions, loadTable, putUnderLoad } from '../load/measure.ts'
import { type Contender, withOurs, withReference } from '../load/side-by-side.ts'
import { withReferenceOption } from './reference-option.ts'

const ROOT = join(import.meta.dirname, '../../../..')

type Options = LoadOptions & ReferenceOptions

/** `conformance load`: puts the servers under the same load, one after the other, and prints them side by side. */
export function loadCommand(): Command {
  return withReferenceOption(new Command('load'))
    .description(
      'puts our server (PostgreSQL and JetStream, then SQLite) and the reference under the same load',
    )
    .option('--generator <file>', 'the load generator', join(ROOT, '../shared/perf/load.mjs'))
    .option('--phases <names>', 'phases of the load', 'sequential,parallel,growth,queries,forks')
    .option('--members <sizes>', 'sizes of the growing room', '100,1000,3000')
    .option('--messages <count>', 'messages of a phase', Number, 1000)
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
  const { url: postgresUrl } = postgres
  const serverName = 'test.example'
  const load = ({ url, pid }: Contender) => putUnderLoad(url, pid, options)
  const reference = await withReference(options, { postgresUrl, serverName }, load)
  const production = await withOurs({ postgresUrl, serverName }, load)
  const embedded = await withOurs({ serverName }, load)
  console.log(loadTable(reference, production, embedded))
}
