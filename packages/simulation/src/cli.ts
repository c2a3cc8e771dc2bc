import { Command } from 'commander'
import { crashCommand } from './commands/crash.ts'
import { simulateCommand } from './commands/simulate.ts'

// One file per subcommand; each exports a function that makes its Command.
const program = new Command('simulation')
  .description('runs Roomserver in a simulated federation, or kills it under load, and checks every room')
  .addCommand(simulateCommand())
  .addCommand(crashCommand())

await program.parseAsync()
