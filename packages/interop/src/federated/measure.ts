import { readFile, writeFile } from 'node:fs/promises'

/** What a piece of work took of a process. */
export interface Usage {
  readonly seconds: number
  readonly cpuSeconds: number
  /** The most memory that it had resident at a time. */
  readonly peakMiB: number
}

/** Clock ticks a second in `/proc`, the same on all Linux machines. */
const TICKS = 100

/** Does some work and tells what it took of a process on this machine (Linux). */
export async function measure(pid: number, work: () => Promise<void>): Promise<Usage> {
  await startPeak(pid)
  const cpuBefore = await cpuSecondsOf(pid)
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  const { peakMiB } = await memoryOf(pid)
  return { seconds, cpuSeconds: (await cpuSecondsOf(pid)) - cpuBefore, peakMiB }
}

/** Begins a new peak of a process's memory; only root may, and without it the peak is that of the process's life. */
export async function startPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined)
}

/** What a process has resident, and the most it had since the peak began. */
export async function memoryOf(
  pid: number,
): Promise<{ readonly residentMiB: number; readonly peakMiB: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mebibytes = (name: string) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024)
  return { residentMiB: mebibytes('VmRSS'), peakMiB: mebibytes('VmHWM') }
}

/** The CPU time that a process has taken so far. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const [, fields = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
  return (user + system) / TICKS
}
