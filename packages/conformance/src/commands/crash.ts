import { Command, Option } from 'commander'
import { checkStore } from '../crash/check-rooms.ts'
import { crashRound, type RoundResult } from '../crash/crash-round.ts'
import { type DatabaseKind, prepareGround } from '../crash/ground.ts'

interface CrashOptions {
  readonly rounds: number
  readonly database: DatabaseKind
  readonly seed: number
}

/** `conformance crash`: kills the built server under load, and looks at what is left. */
export function crashCommand(): Command {
  return new Command('crash')
    .description(
      'kills the built server under load, at named points and at random moments, and checks every room',
    )
    .option('--rounds <count>', 'how often', Number, 100)
    .addOption(
      new Option('--database <which>', 'SQLite with the embedded log, or PostgreSQL with JetStream')
        .choices(['sqlite', 'postgres'])
        .default('sqlite'),
    )
    .option('--seed <number>', 'the same makes the same rooms and the same faults', Number, 1)
    .action(async (options: CrashOptions) => {
      const failed = await run(options)
      process.exitCode = failed > 0 ? 1 : 0
    })
}

async function run({ database, rounds, seed }: CrashOptions): Promise<number> {
  await using ground = await prepareGround(database)
  let failed = 0
  for (let round = 1; round <= rounds; round++) {
    const result = await crashRound(ground.server, ground, seed * 100_000 + round)
    if (result.problems.length > 0) failed++
    report(round, result)
  }
  const damage = await checkStore(ground.storage)
  for (const line of damage) console.log(line)
  if (damage.length > 0) failed++
  console.log(`${rounds - Math.min(rounds, failed)} passed, ${failed} failed`)
  return failed
}

const MOST_LINES = 10

function report(round: number, { events, how, isReached, problems, retries }: RoundResult): void {
  const end = isReached ? `killed ${how}` : `killed at the end of the load (${how} was not reached)`
  console.log(`round ${round}: ${events} events, ${end}, ${retries} requests sent again`)
  for (const problem of problems.slice(0, MOST_LINES)) console.log(`  ${problem}`)
  if (problems.length > MOST_LINES) console.log(`  … and ${problems.length - MOST_LINES} more`)
}
