import { openStore, planMigration, type StoreMigrationPlan } from '@roomserver/engine'
import type { PlannedStep } from '@roomserver/storage'
import { Command } from 'commander'
import { storageOptions } from '../compose/storage-options.ts'
import { createLog } from '../log.ts'
import { existingConfigOf } from './server-config.ts'
import { type ServerOptions, withServerOptions } from './server-options.ts'

interface MigrateOptions extends ServerOptions {
  readonly dryRun?: true
}

/** `roomserver migrate` */
export function migrateCommand(): Command {
  return withServerOptions(new Command('migrate'))
    .option('--dry-run', 'print what would change, and how long that takes on this database; change nothing')
    .description('bring the database up to the schema of this program, as starting the server does')
    .action(migrate)
}

async function migrate(options: MigrateOptions): Promise<void> {
  const log = createLog('warn', process.stderr)
  const { database, serverName } = await existingConfigOf(options)
  const storeOptions = storageOptions(database)
  const plan = await planMigration(storeOptions, log)
  if (options.dryRun === true || plan.steps.length === 0) return print(describe(plan))
  await using _store = await openStore(storeOptions, serverName, { logger: log })
  print(`the database has schema ${plan.known} now; before it had ${plan.found}`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The plan in sentences. */
export function describe(plan: StoreMigrationPlan): string {
  const { found, known, steps } = plan
  if (steps.length === 0)
    return `the database has schema ${found}, and this program needs no other: nothing to do`
  if (found === 0) return 'the database holds no rooms yet: starting the server makes its tables'
  return [
    `the database has schema ${found}, and this program needs ${known}: ${counted(steps.length, 'step')}`,
    ...steps.flatMap(stepLines),
    ...advice(plan),
    'nothing was changed',
  ].join('\n')
}

function stepLines({ version, name, breaking, changes, tookMs }: PlannedStep): readonly string[] {
  const compatible = breaking
    ? 'older programs cannot use the database afterwards'
    : 'older programs can go on'
  return [
    `${version}  ${name}: ${compatible}`,
    ...changes.map((change) => `      ${change}`),
    ...(tookMs === undefined ? [] : [`      took ${seconds(tookMs)} when it was tried`]),
  ]
}

function advice({ steps, olderConnections, connections, usedBy }: StoreMigrationPlan): readonly string[] {
  const breaking = steps.findLast(({ breaking: isBreaking }) => isBreaking)
  const total = steps.reduce((sum, { tookMs = 0 }) => sum + tookMs, 0)
  if (usedBy !== undefined) return [`not tried, because ${usedBy}: stop it, and run this again for the time`]
  if (connections === 0) return [`all steps together took ${seconds(total)}; meanwhile nobody can write`]
  const untried = `not tried, because processes use the database (${counted(connections, 'connection')})`
  if (breaking === undefined) return [untried, 'they can go on during and after the migration']
  if (olderConnections === 0) return [untried]
  return [
    untried,
    `step ${breaking.version} is refused until they are stopped; run this again then for the time`,
  ]
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`
