import { Command } from 'commander'
import { resolveCommand } from './commands/resolve.ts'
import { trafficCommand } from './commands/traffic.ts'
import { vectorsCommand } from './commands/vectors.ts'

// One file per subcommand; each exports a function that makes its Command.
const program = new Command('conformance')
  .description('holds Roomserver against golden vectors and recorded traffic')
  .addCommand(vectorsCommand())
  .addCommand(trafficCommand())
  .addCommand(resolveCommand())
  .addHelpText(
    'after',
    '\nThe commands of the packages simulation (simulate, crash) and interop (interop, record, load,\n' +
      'federated, soak, hostile) run from here as well.',
  )

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = 1
  console.error(isForTheUser(error) ? `conformance: ${error.message}` : error)
}

/** What the system refused, such as a file that is not there: its sentence says all, the stack nothing. */
function isForTheUser(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}
