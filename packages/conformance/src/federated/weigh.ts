import { readFile, writeFile } from 'node:fs/promises'

/** What a piece of work took of a process. */
export interface Weight {
  readonly seconds: number
  readonly cpuSeconds: number
  /** The most memory that it had resident at a time. */
  readonly peakMiB: number
}

/** Clock ticks a second in `/proc`, the same on all Linux machines. */
const TICKS = 100

/** Does some work and tells what it took of a process on this machine (Linux). */
export async function weigh(pid: number, work: () => Promise<void>): Promise<Weight> {
  // Begins a new peak; only root may, and without it the peak is that of the process's life.
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined)
  const cpuBefore = await cpuSecondsOf(pid)
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const peakKiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
  return { seconds, cpuSeconds: (await cpuSecondsOf(pid)) - cpuBefore, peakMiB: Math.round(peakKiB / 1024) }
}

async function cpuSecondsOf(pid: number): Promise<number> {
  const [, fields = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return (user + system) / TICKS
}
