import { refuseForeignStore } from '@roomserver/engine'
import { openStorage } from '@roomserver/storage'
import { Command } from 'commander'
import { checkStore, type CheckWishes } from '../check/check-store.ts'
import { patientStorageOptions } from '../compose/storage-options.ts'
import { createLog } from '../log.ts'
import { existingConfigOf } from './server-config.ts'
import { type ServerOptions, withServerOptions } from './server-options.ts'

interface CheckOptions extends ServerOptions, CheckWishes {}

/** `roomserver check` */
export function checkCommand(): Command {
  return withServerOptions(new Command('check'))
    .option('--recompute', 're-evaluate every event and compare the results (slow)')
    .option('--repair', 'rebuild derived data in rooms with findings')
    .option('--dry-run', 'with --repair: print what would be repaired and change nothing')
    .description('verify stored rooms; servers may be using them')
    .action(check)
}

async function check(options: CheckOptions): Promise<void> {
  const config = await existingConfigOf(options)
  const log = createLog('warn', process.stderr)
  await using storage = await openStorage(
    { ...patientStorageOptions(config.database), migrate: false },
    { logger: log },
  )
  refuseForeignStore(await storage.serverName(), config.serverName)
  const { rooms, found, left } = await checkStore(storage, config, log, options, report)
  const isRepairing = options.repair === true && options.dryRun !== true
  report(`${rooms} rooms checked, ${found} findings${isRepairing ? `, ${left} left` : ''}`)
  if (left > 0) process.exitCode = 1
}

function report(lines: string): void {
  process.stdout.write(`${lines}\n`)
}
