import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { endWithUs, freePort } from '@roomserver/testing'

/** A value that a query gave, with the labels of its series. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** An alert rule, as Prometheus has loaded and evaluated it. */
export interface LoadedRule {
  readonly name: string
  readonly query: string
  /** `ok` when it could be evaluated, `unknown` before that. */
  readonly health: string
  readonly lastError?: string
  readonly state: 'inactive' | 'pending' | 'firing'
}

/** A Prometheus that reads metrics every second. */
export interface Prometheus extends AsyncDisposable {
  /** @throws {Error} with what Prometheus says of a query that it cannot evaluate */
  query(expression: string): Promise<readonly Sample[]>
  rules(): Promise<readonly LoadedRule[]>
}

/**
 * Starts Prometheus on loopback, with its data in a folder that goes with it.
 *
 * @param servers - the URLs of what it reads metrics of, as the job `roomserver`
 * @param rules - a file of alert rules
 */
export async function startPrometheus(
  program: string,
  servers: readonly string[],
  rules: string,
): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-prometheus-'))
  const port = await freePort()
  const file = join(folder, 'prometheus.yml')
  const targets = servers.map((url) => new URL(url).host)
  await writeFile(
    file,
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'roomserver', static_configs: [{ targets }] }],
    }),
  )
  const flags = {
    'config.file': file,
    'storage.tsdb.path': join(folder, 'data'),
    'web.listen-address': `127.0.0.1:${port}`,
    'log.level': 'warn',
  }
  const child = spawn(
    program,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  endWithUs(child, 'SIGKILL')
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; !(await isReady(url)); tries++) {
    if (tries > 300 || child.exitCode !== null) throw new Error('Prometheus does not start')
    await pause(100)
  }
  return {
    query: async (expression) => {
      const path = `/api/v1/query?query=${encodeURIComponent(expression)}`
      const { result } = (await answerOf(url, path)) as VectorAnswer
      return result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }))
    },
    rules: async () => {
      const { groups } = (await answerOf(url, '/api/v1/rules')) as RulesAnswer
      return groups.flatMap((group) => group.rules)
    },
    [Symbol.asyncDispose]: async () => {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface VectorAnswer {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>
    readonly value: readonly [number, string]
  }[]
}

interface RulesAnswer {
  readonly groups: readonly { readonly rules: readonly LoadedRule[] }[]
}

async function answerOf(url: string, path: string): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(30_000) })
  const body = (await answer.json()) as {
    readonly status: string
    readonly data?: unknown
    readonly error?: string
  }
  if (body.status !== 'success') throw new Error(body.error ?? `Prometheus answers ${answer.status}`)
  return body.data
}

function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}
