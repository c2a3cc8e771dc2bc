import { Command, CommanderError } from 'commander'
import { administrationCommands } from './commands/administration-commands.ts'
import { backupCommand } from './commands/backup.ts'
import { checkCommand } from './commands/check.ts'
import { completionCommand } from './commands/completion.ts'
import { doctorCommand } from './commands/doctor.ts'
import { exportCommand } from './commands/export.ts'
import { importCommand } from './commands/import.ts'
import { inspectCommands } from './commands/inspect-commands.ts'
import { keyCommand } from './commands/key.ts'
import { migrateCommand } from './commands/migrate.ts'
import { moveCommand } from './commands/move.ts'
import { repairCommand } from './commands/repair.ts'
import { replayCommand } from './commands/replay.ts'
import { serveCommand } from './commands/serve.ts'
import { watchCommand } from './commands/watch.ts'
import { SECRET_VARIABLES } from './config/secrets.ts'
import { explainFailure } from './failure-text.ts'
import { newestSchema } from '@roomserver/storage'
import { programCommit, programVersion } from './program-version.ts'

/**
 * The command line: reads the arguments, runs the command, explains what went wrong and sets the exit status.
 *
 * @param argv - as in `process.argv`
 */
export async function run(argv: readonly string[]): Promise<void> {
  // Databases, their logs, sockets and backups are for their owner: whoever reads them reads all rooms.
  process.umask(0o077)
  // A command goes on until it is done, also while it only waits to ask a server again.
  const working = setInterval(() => undefined, 60_000)
  try {
    await program().parseAsync([...argv])
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? error.exitCode : 1
    if (!(error instanceof CommanderError)) process.stderr.write(`roomserver: ${explainFailure(error)}\n`)
  } finally {
    clearInterval(working)
  }
}

function program(): Command {
  const variables = Object.entries(SECRET_VARIABLES).map(
    ([name, meaning]) => `  ${name.padEnd(28)}${meaning}`,
  )
  const command = new Command('roomserver')
    .description('The room engine of a Matrix homeserver.')
    .version(
      `${programVersion()} (commit ${programCommit().slice(0, 12)}, schema ${newestSchema})`,
      '-V, --version',
      'print the version, the commit and the schema of the database',
    )
    .helpOption('-h, --help', 'print help for the program or a command')
    .helpCommand(false)
    .showHelpAfterError('(run roomserver --help for usage)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  roomserver serve                          SQLite and a generated key in ./data, http://127.0.0.1:7770
  roomserver serve --config dendrite.yaml   in place of a Dendrite polylith's room server
  roomserver replay events.jsonl.gz         put recorded events in, see what becomes of each
  roomserver explain '$event' --url http://127.0.0.1:7770   why was it rejected? asks a running server
  roomserver rooms                          which rooms cost most? reads the store in ./data

Environment, for secrets:
${variables.join('\n')}

Exit status: 0 when all went well, 1 otherwise.`,
    )
  for (const subcommand of [
    serveCommand(),
    replayCommand(),
    checkCommand(),
    doctorCommand(),
    repairCommand(),
    backupCommand(),
    importCommand(),
    migrateCommand(),
    moveCommand(),
    keyCommand(),
    ...inspectCommands(),
    watchCommand(),
    exportCommand(),
    ...administrationCommands(),
    completionCommand(command),
  ]) {
    command.addCommand(subcommand.copyInheritedSettings(command))
  }
  return command
}
