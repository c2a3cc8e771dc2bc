import { Command, CommanderError } from 'commander'
import { COMMANDS } from './commands/command-table.ts'
import { completionCommand } from './commands/completion.ts'
import { SECRET_VARIABLES } from './config/secret-variables.ts'
import { explainFailure } from './failure-text.ts'
import { programCommit, programVersion } from './program-version.ts'

/**
 * The command line: reads the arguments, runs the command, explains what went wrong and sets the exit status.
 *
 * @param argv - as in `process.argv`
 */
export async function run(argv: readonly string[]): Promise<void> {
  // Databases, their logs, sockets and backups are for their owner: whoever reads them reads all rooms.
  process.umask(0o077)
  process.stdout.on('error', endWithoutReader)
  // Nobody can be told then, and a server serves all the same.
  process.stderr.on('error', () => undefined)
  // A command goes on until it is done, also while it only waits to ask a server again.
  const working = setInterval(() => undefined, 60_000)
  try {
    await (await program(argv.slice(2))).parseAsync([...argv])
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? error.exitCode : 1
    if (!(error instanceof CommanderError)) process.stderr.write(`roomserver: ${explainFailure(error)}\n`)
  } finally {
    clearInterval(working)
  }
}

/** Whoever closes the pipe, as `head` does, has read enough; anything else is a failure of the command. */
function endWithoutReader(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`roomserver: cannot write the output: ${explainFailure(error)}\n`)
  process.exit(1)
}

/** The program as far as the arguments need it: what the other commands import takes longer to load than most of them run. */
async function program(args: readonly string[]): Promise<Command> {
  const variables = Object.entries(SECRET_VARIABLES).map(
    ([name, meaning]) => `  ${name.padEnd(28)}${meaning}`,
  )
  const command = new Command('roomserver')
    .description('The room engine of a Matrix homeserver.')
    .version(
      args.some(isVersionOption) ? await versionText() : '',
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
  for (const subcommand of [...(await commandsFor(args)), completionCommand(command)]) {
    command.addCommand(subcommand.copyInheritedSettings(command))
  }
  return command
}

/** The command that the first argument names; none for the version, and all for anything else, such as `--help` and `completion`. */
async function commandsFor([name = '']: readonly string[]): Promise<readonly Command[]> {
  if (isVersionOption(name)) return []
  const named = COMMANDS.filter(({ names }) => names.includes(name))
  const loaded = await Promise.all((named.length > 0 ? named : COMMANDS).map(({ load }) => load()))
  return loaded.flat()
}

function isVersionOption(arg: string): boolean {
  return arg === '--version' || arg.startsWith('-V')
}

async function versionText(): Promise<string> {
  const { newestSchema } = await import('@roomserver/storage')
  return `${programVersion()} (commit ${programCommit().slice(0, 12)}, schema ${newestSchema})`
}
