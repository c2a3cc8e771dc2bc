import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One line of what the load generator reports. */
export interface LoadRow {
  readonly name: string
  readonly perSecond: number
  readonly p50ms: number
  readonly p99ms: number
  readonly cpuMsEach?: number
  readonly peakMiB?: number
}

/** What is asked of the load generator. */
export interface LoadOptions {
  readonly generator: string
  readonly phases: string
  readonly members: string
  readonly messages: number
}

/** Puts a running server under load and returns what came of each phase. @throws {Error} with the generator's words when it fails */
export async function putUnderLoad(
  url: string,
  pid: number,
  options: LoadOptions,
): Promise<readonly LoadRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-load-'))
  const report = join(folder, 'report.json')
  const args = ['--url', url, '--pid', String(pid), '--phases', options.phases, '--members', options.members]
  const generator = spawn(
    process.execPath,
    [options.generator, ...args, '--messages', String(options.messages), '--json', report],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let words = ''
  generator.stdout.on('data', (text: Buffer) => {
    words += text.toString()
    process.stdout.write(text)
  })
  generator.stderr.on('data', (text: Buffer) => (words += text.toString()))
  const [status] = (await once(generator, 'exit')) as [number | null]
  try {
    if (status !== 0) throw new Error(`the load generator gave up: ${words.slice(-2000)}`)
    return (JSON.parse(await readFile(report, 'utf8')) as { report: LoadRow[] }).report
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The reference, the server on PostgreSQL and JetStream and the embedded one side by side, with ratios to the reference. */
export function loadTable(
  reference: readonly LoadRow[] | undefined,
  production: readonly LoadRow[],
  embedded: readonly LoadRow[],
): string {
  const line = (row: LoadRow) => {
    const peer = reference?.find((other) => other.name === row.name)
    const small = embedded.find((other) => other.name === row.name)
    const ratio = peer === undefined ? '' : `${(row.perSecond / peer.perSecond).toFixed(1)}`
    return [
      row.name,
      peer?.perSecond ?? '',
      row.perSecond,
      ratio,
      row.p50ms,
      row.p99ms,
      peer?.cpuMsEach ?? '',
      row.cpuMsEach ?? '',
      small?.perSecond ?? '',
    ]
  }
  const head = [
    'phase',
    'reference/s',
    'ours/s',
    'times',
    'p50 ms',
    'p99 ms',
    'CPU ms each: reference',
    'ours',
    'SQLite/s',
  ]
  const peak = (rows: readonly LoadRow[]) => Math.max(0, ...rows.map((row) => row.peakMiB ?? 0))
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => ' --- |').join('')}`,
    ...production.map((row) => `| ${line(row).join(' | ')} |`),
    `Peak memory: reference ${reference === undefined ? 'not run' : `${peak(reference)} MiB`}, ours ${peak(production)} MiB, SQLite ${peak(embedded)} MiB`,
  ].join('\n')
}
