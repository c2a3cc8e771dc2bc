import { within } from '@roomserver/testing'
import { Command, Option } from 'commander'
import { checkStore } from '../crash/check-rooms.ts'
import { FAILOVER_FAULTS, runFault, startFailoverBed } from '../crash/failover/failover.ts'
import { crashRound, type RoundResult } from '../crash/crash-round.ts'
import { type DatabaseKind, type TestBed, prepareTestBed } from '../crash/test-bed.ts'
import { scenariosFor } from '../crash/scenarios/scenarios.ts'
import type { ScenarioResult } from '../crash/scenarios/under-load.ts'

interface CrashOptions {
  readonly rounds: number
  readonly database: DatabaseKind
  readonly seed: number
  readonly scenarios: string | boolean
  readonly times: number
  /** Left out: the rounds and the scenarios that need nothing more. */
  readonly scenario?: 'failover'
  readonly report: boolean
}

interface Tally {
  passed: number
  failed: number
}

/** `conformance crash`: kills the built server under load, and looks at what is left. */
export function crashCommand(): Command {
  return new Command('crash')
    .description(
      'kills the built server under load, takes what it stands on away, and checks every room afterwards',
    )
    .option('--rounds <count>', 'how often it is killed, at named points and at random moments', Number, 100)
    .addOption(
      new Option('--database <which>', 'SQLite with the embedded log, or PostgreSQL with JetStream')
        .choices(['sqlite', 'postgres'])
        .default('sqlite'),
    )
    .option('--seed <number>', 'the same makes the same rooms and the same faults', Number, 1)
    .option('--scenarios <text>', 'only the scenarios after the rounds whose name has this in it', '')
    .option('--no-scenarios', 'only the rounds')
    .option('--times <count>', 'how often each scenario is run, each time with the next seed', Number, 1)
    .addOption(
      new Option(
        '--scenario <name>',
        'failover: three PostgreSQLs under Patroni with etcd and HAProxy, three nats-servers, three of our processes',
      ).choices(['failover']),
    )
    .option('--report', 'failover: says what the cluster did also where nothing is wrong', false)
    .action(async (options: CrashOptions) => {
      const tally = { passed: 0, failed: 0 }
      await run(options, tally).catch((error: unknown) => {
        tally.failed++
        for (const one of allOf(error)) console.log('ended by', one)
      })
      console.log(`${tally.passed} passed, ${tally.failed} failed`)
      // Whatever still waits for something that is gone does not keep this from ending.
      process.exit(tally.failed > 0 ? 1 : 0)
    })
}

/** What went wrong first, and what then went wrong while things were put away. */
function allOf(error: unknown): readonly unknown[] {
  return error instanceof SuppressedError ? [...allOf(error.suppressed), ...allOf(error.error)] : [error]
}

const START_MS = 180_000
const END_MS = 180_000

async function run(options: CrashOptions, tally: Tally): Promise<void> {
  if (options.scenario === 'failover') return await runFailover(options, tally)
  const testBed = await within(START_MS, 'the start of the servers', prepareTestBed(options.database))
  await using ending = new AsyncDisposableStack()
  ending.defer(() => within(END_MS, 'the end of the servers', testBed[Symbol.asyncDispose]()))
  await runOn(testBed, options, tally)
}

/** Does to a cluster what `--rounds` says how often, and prints a table. */
async function runFailover({ rounds, seed, scenarios, report }: CrashOptions, tally: Tally): Promise<void> {
  await using parts = await within(START_MS, 'the start of the cluster', startFailoverBed(console.log))
  const name = typeof scenarios === 'string' ? scenarios : ''
  const faults = FAILOVER_FAULTS.filter((fault) => fault.name.includes(name))
  console.log(
    '| what happened | events | sent again | seconds without service | lost or wrong | repeated outputs |',
  )
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |')
  for (let round = 1; round <= rounds; round++) {
    for (const [index, fault] of faults.entries()) {
      const result = await runFault(parts, fault, seed * 100_000 + round * 100 + index)
      const { events, retries, secondsWithoutService, problems, repeated } = result
      console.log(
        `| ${fault.name} | ${events} | ${retries} | ${secondsWithoutService.toFixed(1)} | ${problems.length} | ${repeated} |`,
      )
      for (const problem of problems.slice(0, MOST_LINES)) console.log(`  ${problem}`)
      if (report || problems.length > 0) for (const line of result.report) console.log(`  ${line}`)
      if (problems.length > 0) {
        tally.failed++
        for (const { url, complaints } of parts.servers)
          for (const line of complaints) console.log(`  ${url} ${line}`)
      } else tally.passed++
    }
  }
  const damage = await within(CHECK_MS, "the store's own check", checkStore(parts.bed.storage))
  console.log(`the store's own check: ${damage.length} findings`)
  if (damage.length > 0) tally.failed++
}

async function runOn(
  testBed: TestBed,
  { rounds, scenarios, seed, times }: CrashOptions,
  tally: Tally,
): Promise<void> {
  const count = (problems: readonly string[]): void => {
    if (problems.length > 0) tally.failed++
    else tally.passed++
    for (const problem of problems.slice(0, MOST_LINES)) console.log(`  ${problem}`)
    if (problems.length > MOST_LINES) console.log(`  … and ${problems.length - MOST_LINES} more`)
  }
  for (let round = 1; round <= rounds; round++) {
    const result = await crashRound(testBed.server, testBed, seed * 100_000 + round)
    console.log(`round ${round}: ${roundText(result)}`)
    count(result.problems)
  }
  if (typeof scenarios === 'string') await runScenarios(testBed, scenarios, { seed, times }, count)
  const damage = await within(CHECK_MS, "the store's own check", checkStore(testBed.storage))
  console.log(`the store's own check: ${damage.length} findings`)
  count(damage)
}

const CHECK_MS = 1_200_000

/** Runs scenarios, and says in a table what came of all runs of each. */
async function runScenarios(
  testBed: TestBed,
  name: string,
  { seed, times }: Pick<CrashOptions, 'seed' | 'times'>,
  count: (problems: readonly string[]) => void,
): Promise<void> {
  const chosen = scenariosFor(testBed).filter((one) => one.name.includes(name))
  const rows: string[] = []
  for (const [index, scenario] of chosen.entries()) {
    const sum = { runs: 0, events: 0, retries: 0, passed: 0 }
    for (let time = 0; time < times; time++) {
      const result = await scenario.run(testBed, (seed + time) * 100 + index)
      if (typeof result === 'string') {
        console.log(`${scenario.name}: skipped: ${result}`)
        break
      }
      console.log(`${scenario.name}: ${scenarioText(result)}`)
      count(result.problems)
      sum.runs++
      sum.events += result.events
      sum.retries += result.retries
      if (result.problems.length === 0) sum.passed++
    }
    rows.push(`| ${scenario.name} | ${sum.runs} | ${sum.events} | ${sum.retries} | ${sum.passed} |`)
  }
  console.log('| scenario | runs | events | requests sent again | passed |')
  console.log('| --- | ---: | ---: | ---: | ---: |')
  for (const row of rows) console.log(row)
}

const MOST_LINES = 10

function roundText({ events, how, isReached, retries }: RoundResult): string {
  const end = isReached ? `killed ${how}` : `killed at the end of the load (${how} was not reached)`
  return `${events} events, ${end}, ${retries} requests sent again`
}

function scenarioText({ events, retries, rooms }: ScenarioResult): string {
  return `${events} events in ${rooms} rooms, ${retries} requests sent again`
}
