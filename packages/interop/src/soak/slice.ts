import type { TableSizes } from './table-sizes.ts'

/** What stood at some moment of the run. */
export interface Moment {
  readonly events: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly tables: TableSizes
}

/** What came of one part of the run. */
export interface Slice {
  readonly events: number
  readonly seconds: number
  /** CPU time of the server for each event, the questions between them counted in. */
  readonly cpuMsPerEvent: number
  readonly residentMiB: number
  readonly peakMiB: number
  /** How long inputs took, in milliseconds. */
  readonly p50ms: number
  readonly p99ms: number
  /** What each event added, by table. */
  readonly bytesPerEvent: ReadonlyMap<string, number>
}

/** What came of the part between two moments. */
export function sliceOf(
  from: Moment,
  to: Moment,
  memory: Pick<Slice, 'residentMiB' | 'peakMiB'>,
  latencies: readonly number[],
): Slice {
  const events = to.events - from.events
  const names = [...new Set([...from.tables.keys(), ...to.tables.keys()])].toSorted()
  const grown = (name: string) => (to.tables.get(name) ?? 0) - (from.tables.get(name) ?? 0)
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return {
    ...memory,
    events,
    seconds: to.seconds - from.seconds,
    cpuMsPerEvent: (1_000 * (to.cpuSeconds - from.cpuSeconds)) / Math.max(1, events),
    p50ms: at(0.5),
    p99ms: at(0.99),
    bytesPerEvent: new Map(names.map((name) => [name, grown(name) / Math.max(1, events)])),
  }
}

/** A line for the log of the run. */
export function lineOf({
  events,
  seconds,
  cpuMsPerEvent,
  residentMiB,
  peakMiB,
  p50ms,
  p99ms,
}: Slice): string {
  return [
    `${events} events in ${seconds.toFixed(0)} s`,
    `${cpuMsPerEvent.toFixed(2)} ms of CPU time each`,
    `resident ${residentMiB} MiB, peak ${peakMiB}`,
    `inputs p50 ${p50ms.toFixed(1)} ms, p99 ${p99ms.toFixed(1)}`,
  ].join('; ')
}

/** The first and the last part side by side. Tables that did not grow are left out. */
export function soakTable(first: Slice, last: Slice): string {
  const row = (name: string, of: (slice: Slice) => string) => `| ${name} | ${of(first)} | ${of(last)} |`
  const bytes = (slice: Slice, name: string) => Math.round(slice.bytesPerEvent.get(name) ?? 0)
  const all = (slice: Slice) =>
    Math.round([...slice.bytesPerEvent.values()].reduce((sum, one) => sum + one, 0))
  const grown = [...last.bytesPerEvent.keys()].filter(
    (name) => bytes(first, name) > 0 || bytes(last, name) > 0,
  )
  return [
    '| | first slice | last slice |',
    '| --- | ---: | ---: |',
    row('events', ({ events }) => String(events)),
    row('CPU ms per event', ({ cpuMsPerEvent }) => cpuMsPerEvent.toFixed(2)),
    row('resident MiB at the end', ({ residentMiB }) => String(residentMiB)),
    row('peak MiB', ({ peakMiB }) => String(peakMiB)),
    row('inputs, p50 ms', ({ p50ms }) => p50ms.toFixed(1)),
    row('inputs, p99 ms', ({ p99ms }) => p99ms.toFixed(1)),
    row('bytes per event, all tables', (slice) => String(all(slice))),
    ...grown.map((name) => row(`bytes per event, ${name}`, (slice) => String(bytes(slice, name)))),
  ].join('\n')
}
