import { Command } from 'commander'
import { crashCommand } from './commands/crash.ts'
import { federatedCommand } from './commands/federated.ts'
import { hostileCommand } from './commands/hostile.ts'
import { interopCommand } from './commands/interop.ts'
import { loadCommand } from './commands/load.ts'
import { recordCommand } from './commands/record.ts'
import { resolveCommand } from './commands/resolve.ts'
import { simulateCommand } from './commands/simulate.ts'
import { soakCommand } from './commands/soak.ts'
import { trafficCommand } from './commands/traffic.ts'
import { vectorsCommand } from './commands/vectors.ts'
import { ProgramMissing } from './interop/reference-programs.ts'

// One file per subcommand; each exports a function that makes its Command.
const program = new Command('conformance')
  .description('holds Roomserver against golden vectors and recorded traffic')
  .addCommand(vectorsCommand())
  .addCommand(trafficCommand())
  .addCommand(interopCommand())
  .addCommand(loadCommand())
  .addCommand(federatedCommand())
  .addCommand(soakCommand())
  .addCommand(hostileCommand())
  .addCommand(recordCommand())
  .addCommand(resolveCommand())
  .addCommand(simulateCommand())
  .addCommand(crashCommand())

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = 1
  console.error(isForTheUser(error) ? `conformance: ${error.message}` : error)
}

/** What the system refused, such as a file that is not there: its sentence says all, the stack nothing. */
function isForTheUser(error: unknown): error is Error {
  return error instanceof ProgramMissing || (error instanceof Error && 'syscall' in error)
}
