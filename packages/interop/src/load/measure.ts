import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contender } from './side-by-side.ts'

/** One line of what the load generator reports. */
export interface LoadRow {
  readonly name: string
  /** Left out of questions that are asked while something else is measured. */
  readonly perSecond?: number
  readonly p50ms: number
  readonly p99ms: number
  readonly cpuMsEach?: number
  readonly peakMiB?: number
}

/** Options of the load generator; `true`: an option without a value. */
export type GeneratorOptions = Readonly<Record<string, string | number | true>>

/** Puts a running server under load and returns what came of each phase. @throws {Error} with the generator's words when it fails */
export async function putUnderLoad(
  generator: string,
  { url, pid }: Contender,
  options: GeneratorOptions,
): Promise<readonly LoadRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-load-'))
  const report = join(folder, 'report.json')
  const all: GeneratorOptions = { url, pid, ...options, json: report }
  const args = Object.entries(all).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  )
  const child = spawn(process.execPath, [generator, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let words = ''
  child.stdout.on('data', (text: Buffer) => {
    words += text.toString()
    process.stdout.write(text)
  })
  child.stderr.on('data', (text: Buffer) => (words += text.toString()))
  const [status] = (await once(child, 'exit')) as [number | null]
  try {
    if (status !== 0) throw new Error(`the load generator failed: ${words.slice(-2000)}`)
    return (JSON.parse(await readFile(report, 'utf8')) as { report: LoadRow[] }).report
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
