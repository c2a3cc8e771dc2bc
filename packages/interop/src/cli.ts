import { Command } from 'commander'
import { federatedCommand } from './commands/federated.ts'
import { hostileCommand } from './commands/hostile.ts'
import { inspectCommand } from './commands/inspect.ts'
import { interopCommand } from './commands/interop.ts'
import { loadCommand } from './commands/load.ts'
import { memoryCommand } from './commands/memory.ts'
import { prometheusCommand } from './commands/prometheus.ts'
import { recordCommand } from './commands/record.ts'
import { rollingCommand } from './commands/rolling.ts'
import { soakCommand } from './commands/soak.ts'
import { ProgramMissing } from './interop/reference-programs.ts'

// One file per subcommand; each exports a function that makes its Command.
const program = new Command('interop')
  .description('runs Roomserver among real homeserver components, and under load beside the reference')
  .addCommand(interopCommand())
  .addCommand(recordCommand())
  .addCommand(loadCommand())
  .addCommand(federatedCommand())
  .addCommand(soakCommand())
  .addCommand(hostileCommand())
  .addCommand(memoryCommand())
  .addCommand(rollingCommand())
  .addCommand(prometheusCommand())
  .addCommand(inspectCommand())

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = 1
  console.error(isForTheUser(error) ? `interop: ${error.message}` : error)
}

/** What the system refused, such as a file that is not there: its sentence says all, the stack nothing. */
function isForTheUser(error: unknown): error is Error {
  return error instanceof ProgramMissing || (error instanceof Error && 'syscall' in error)
}
