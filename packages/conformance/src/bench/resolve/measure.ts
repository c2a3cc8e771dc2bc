/** What one run of something took, in milliseconds: the median over many. */
export interface Timing {
  readonly wallMs: number
  readonly cpuMs: number
  readonly runs: number
}

const MIN_RUNS = 5
const MAX_RUNS = 200
const WARM_UP_MS = 1500
const BUDGET_MS = 3000

/**
 * Measures a function: first lets the compiler see it, then runs it until the budget is used up. Several short runs
 * count as one sample, because the clock for CPU time ticks coarsely.
 */
export function measure(run: () => void): Timing {
  const warmUpEnd = performance.now() + WARM_UP_MS
  let once = 0
  for (let i = 0; i < 3 || performance.now() < warmUpEnd; i++) {
    const start = performance.now()
    run()
    once = performance.now() - start
  }
  const batch = Math.max(1, Math.round(5 / once))
  const samples: { wallMs: number; cpuMs: number }[] = []
  const end = performance.now() + BUDGET_MS
  while (samples.length < MIN_RUNS || (samples.length < MAX_RUNS && performance.now() < end)) {
    samples.push(sample(run, batch))
  }
  return {
    wallMs: median(samples.map(({ wallMs }) => wallMs)),
    cpuMs: median(samples.map(({ cpuMs }) => cpuMs)),
    runs: samples.length * batch,
  }
}

function sample(run: () => void, batch: number): { wallMs: number; cpuMs: number } {
  const cpu = process.cpuUsage()
  const start = performance.now()
  for (let i = 0; i < batch; i++) run()
  const wallMs = performance.now() - start
  const used = process.cpuUsage(cpu)
  return { wallMs: wallMs / batch, cpuMs: (used.user + used.system) / 1000 / batch }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
