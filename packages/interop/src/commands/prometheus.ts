import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  BUILT,
  createDatabase,
  findPrometheus,
  startNats,
  startPostgres,
  startTarget,
} from '@roomserver/testing'
import { Command } from 'commander'
import { startStandIn } from '../federated/stand-in.ts'
import {
  type AskedQuery,
  DEPLOY,
  dashboardQueries,
  EMPTY_WHEN_WELL,
  truthOf,
} from '../prometheus/asked-queries.ts'
import { type Prometheus, startPrometheus } from '../prometheus/prometheus-server.ts'
import { sendRooms } from '../prometheus/room-load.ts'

const RULES = join(DEPLOY, 'prometheus/alerts.yaml')
const RULE_TESTS = join(DEPLOY, 'prometheus/alerts.test.yaml')
/** How long a query may go on to find nothing. */
const PATIENCE_MS = 60_000

/** `conformance prometheus`: evaluates what the dashboard and the alert rules ask, on servers under load. */
export function prometheusCommand(): Command {
  return new Command('prometheus')
    .description(
      'has Prometheus evaluate the queries of the dashboard and of the alert rules on servers under load, and tests the rules',
    )
    .action(async () => {
      const problems = await run()
      const failed = problems.filter((problem) => problem !== undefined)
      for (const problem of failed) console.log(problem)
      console.log(`${problems.length - failed.length} passed, ${failed.length} failed`)
      process.exit(failed.length > 0 ? 1 : 0)
    })
}

/** What went wrong in each check, undefined where nothing did. */
async function run(): Promise<readonly (string | undefined)[]> {
  await using owned = new AsyncDisposableStack()
  const { prometheus: program, promtool } = await findPrometheus(console.log)
  const checked = [
    await verdictOf(promtool, ['check', 'rules', RULES]),
    await verdictOf(promtool, ['test', 'rules', RULE_TESTS]),
  ]
  const urls = await startServers(owned)
  const prometheus = owned.use(await startPrometheus(program, urls, RULES))
  const stop = new AbortController()
  const load = sendRooms(urls, stop.signal)
  owned.defer(async () => {
    stop.abort()
    await load
  })
  console.log('| asked by | query | series |')
  console.log('| --- | --- | ---: |')
  const queries = [...(await dashboardQueries()), ...(await conditions(prometheus))]
  const found: (string | undefined)[] = []
  for (const query of queries) found.push(await evaluated(prometheus, query))
  return [...checked, ...found, ...(await faultsOfRules(prometheus))]
}

async function verdictOf(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, args)
    console.log(stdout.trim())
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** Two processes on PostgreSQL, and an embedded one, which has metrics of its own. */
async function startServers(owned: AsyncDisposableStack): Promise<readonly string[]> {
  const postgres = owned.use(await startPostgres())
  const database = owned.use(await createDatabase(postgres.url))
  const nats = owned.use(await startNats())
  const federation = owned.use(await startStandIn(new Map()))
  const common = { serverName: 'a', federationUrl: federation.url, hasMetrics: true }
  const shared = { ...common, database: database.url, natsUrl: nats.url }
  const urls: string[] = []
  for (const options of [shared, shared, common]) urls.push(owned.use(await startTarget(options, BUILT)).url)
  return urls
}

/** What the alert rules ask. */
async function conditions(prometheus: Prometheus): Promise<readonly AskedQuery[]> {
  const rules = await prometheus.rules()
  return rules.map(({ name, query }) => ({ name, expression: truthOf(query) }))
}

/** Evaluates a query until it finds something, and says what is wrong if it does not. */
async function evaluated(
  prometheus: Prometheus,
  { name, expression }: AskedQuery,
): Promise<string | undefined> {
  const reason = EMPTY_WHEN_WELL.get(name)
  for (const end = Date.now() + PATIENCE_MS; ; await pause(500)) {
    const found = await prometheus.query(expression).catch((error: unknown) => String(error))
    if (typeof found === 'string') return `${name}: ${found}: ${expression}`
    const numbers = found.filter(({ value }) => !Number.isNaN(value))
    if (numbers.length === 0 && reason === undefined && Date.now() < end) continue
    const said = numbers.length === 0 && reason !== undefined ? `0, ${reason}` : `${numbers.length}`
    console.log(`| ${name} | \`${expression}\` | ${said} |`)
    return numbers.length === 0 && reason === undefined ? `${name}: nothing found: ${expression}` : undefined
  }
}

/** Rules that could not be evaluated, and alerts although all is well. */
async function faultsOfRules(prometheus: Prometheus): Promise<readonly (string | undefined)[]> {
  const rules = await prometheus.rules()
  return rules.map(({ name, health, lastError, state }) => {
    if (health !== 'ok') return `${name}: ${health} ${lastError ?? ''}`
    return state === 'firing' ? `${name} fires although all is well` : undefined
  })
}
