import { openStore } from '@roomserver/engine'
import { SingleBar } from 'cli-progress'
import { systemClock } from '@roomserver/types'
import { Command } from 'commander'
import { storeOptions } from '../compose/engine-options.ts'
import { type ImportSummary, importDendrite } from '../import/import-dendrite.ts'
import { createLog } from '../log.ts'
import { configOf } from './server-config.ts'
import { type ServerOptions, withServerOptions } from './server-options.ts'

/** `roomserver import dendrite --from …` */
export function importCommand(): Command {
  const dendrite = withServerOptions(new Command('dendrite'))
    .description('import the database of a Dendrite room server; the source is not changed')
    .requiredOption('-f, --from <database>', 'postgresql://… or the path of an SQLite file')
    .action(takeOver)
  return new Command('import').description('import the database of another room server').addCommand(dendrite)
}

async function takeOver(options: ServerOptions & { readonly from: string }): Promise<void> {
  const log = createLog('error', process.stderr)
  const { database, serverName } = await configOf(options)
  await using store = await openStore(storeOptions(database), serverName, { logger: log })
  const bar = new SingleBar({
    format: '  {bar} {percentage}%  {value}/{total} rooms  {events} events',
    stream: process.stderr,
    noTTYOutput: false,
  })
  let started = false
  const summary = await importDendrite(options.from, store, log, ({ rooms, roomCount, events }) => {
    if (!process.stderr.isTTY) return
    if (!started) bar.start(roomCount, 0, { events: 0 })
    started = true
    bar.update(rooms, { events })
  })
  if (started) bar.stop()
  // Whoever reads outputs by position, or knows them by their IDs, must not take those of this store for others.
  await store.beginOutputEpoch('import', systemClock.now())
  process.stdout.write(`${describe(summary)}\n`)
  if (summary.failed.length + summary.differences.length > 0) process.exitCode = 1
}

function describe(summary: ImportSummary): string {
  const { rooms, events, skipped, aliases, published, failed, differences } = summary
  return [
    `${rooms} rooms (${skipped} already imported), ${events} events, ${aliases} aliases, ${published} published rooms`,
    ...failed.map(({ roomId, reason }) => `not imported: ${roomId}: ${reason}`),
    ...differences.map(
      ({ roomId, onlyInSource, onlyHere }) =>
        `differs: ${roomId}: only in the source ${onlyInSource.join(' ') || 'nothing'}; only here ${onlyHere.join(' ') || 'nothing'}`,
    ),
    failed.length + differences.length === 0
      ? 'Every room has the same state and forward extremities as in the source.'
      : 'Fix the cause and run the import again: rooms that are complete are skipped.',
  ].join('\n')
}
