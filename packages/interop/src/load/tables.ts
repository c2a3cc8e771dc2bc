import type { LoadRow } from './measure.ts'
import type { RunName } from './runs.ts'

/** What came of the runs of one server; those left out were not wanted. */
export type Runs = Readonly<Partial<Record<RunName, readonly LoadRow[]>>>

/** The servers that got the same load. */
export interface Measured {
  readonly reference: Runs
  /** Ours on PostgreSQL and JetStream. */
  readonly production: Runs
  /** Ours on SQLite with the embedded log. */
  readonly embedded: Runs
}

/** Everything that was measured, with the ratios that matter. */
export function loadTables(measured: Measured): string {
  const { reference, production, embedded } = measured
  const servers = [
    ['PostgreSQL', production],
    ['SQLite', embedded],
    ['reference', reference],
  ] as const
  return [
    sideBySide(measured),
    ...servers.flatMap(([name, runs]) => [shuffledTable(name, runs), mixTable(name, runs)]),
  ]
    .filter((table) => table !== '')
    .join('\n\n')
}

function table(head: readonly string[], lines: readonly (readonly (string | number)[])[]): string {
  if (lines.length === 0) return ''
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => ' --- |').join('')}`,
    ...lines.map((line) => `| ${line.join(' | ')} |`),
  ].join('\n')
}

/** The reference, the server on PostgreSQL and JetStream and the embedded one, with ratios to the reference. */
function sideBySide({ reference, production, embedded }: Measured): string {
  const rowOf = (runs: Runs, name: string) => runs['in-order']?.find((row) => row.name === name)
  const names = (production['in-order'] ?? embedded['in-order'] ?? []).map(({ name }) => name)
  const lines = names.map((name) => {
    const [peer, ours, small] = [rowOf(reference, name), rowOf(production, name), rowOf(embedded, name)]
    return [
      name,
      peer?.perSecond ?? '',
      ours?.perSecond ?? '',
      ratio(ours?.perSecond, peer?.perSecond),
      ours?.p50ms ?? '',
      ours?.p99ms ?? '',
      peer?.cpuMsEach ?? '',
      ours?.cpuMsEach ?? '',
      small?.perSecond ?? '',
      small?.cpuMsEach ?? '',
    ]
  })
  const head = [
    'phase',
    'reference/s',
    'ours/s',
    'times',
    'p50 ms',
    'p99 ms',
    'CPU ms each: reference',
    'ours',
  ]
  const peaks = `Peak memory: reference ${peak(reference)}, ours ${peak(production)}, SQLite ${peak(embedded)}`
  return lines.length === 0 ? '' : `${table([...head, 'SQLite/s', 'CPU ms each'], lines)}\n${peaks}`
}

function peak(runs: Runs): string {
  const rows = runs['in-order']
  return rows === undefined ? 'not run' : `${peakOf(rows)} MiB`
}

function peakOf(rows: readonly LoadRow[]): number {
  return Math.max(0, ...rows.map((row) => row.peakMiB ?? 0))
}

function ratio(one: number | undefined, other: number | undefined): string {
  return one === undefined || other === undefined || other === 0 ? '' : (one / other).toFixed(2)
}

/** What is about the largest room, by CPU time: how much more it costs where people were known before they joined. */
function shuffledTable(server: string, runs: Runs): string {
  const lines = (runs.shuffled ?? []).flatMap((row) => {
    const ordered = runs['in-order']?.find(({ name }) => name === row.name)
    if (ordered === undefined) return []
    return [[row.name, ordered.cpuMsEach ?? '', row.cpuMsEach ?? '', ratio(row.cpuMsEach, ordered.cpuMsEach)]]
  })
  return table([`${server}: CPU ms each`, 'in order', 'shuffled', 'times (goal: 1.3)'], lines)
}

/** Which question of an idle server is the same as one of the mix. */
const IDLE: ReadonlyMap<string, string> = new Map([
  ['3 tuples', 'queryLatestEventsAndState, 3 tuples'],
  ['3 tuples at an old event', 'queryStateAfterEvents, 3 tuples'],
  ['joined members', 'queryMembershipsForRoom, joined'],
  ['whole state', 'queryLatestEventsAndState, all'],
])

/** The mix with its large room and without it; and its questions on a server that has nothing else to do. */
function mixTable(server: string, runs: Runs): string {
  const head = [`${server}: mix`, 'without its large room, or idle', 'with it', 'times']
  const lines = (runs.mix ?? []).flatMap((row) => {
    const question = /^mix: (.*), while events come$/.exec(row.name)?.[1]
    if (question !== undefined) {
      const prefix = IDLE.get(question) ?? question
      const idle = runs['mix-idle']?.find(({ name }) => new RegExp(`^${prefix}, \\d+ members$`).test(name))
      return [
        [`${question}, p99 ms (goal: 10 times)`, idle?.p99ms ?? '', row.p99ms, ratio(row.p99ms, idle?.p99ms)],
      ]
    }
    const without = runs['mix-without']?.find(({ name }) => name === row.name)
    return [
      [
        'events per second (goal: 1.3 times)',
        without?.perSecond ?? '',
        row.perSecond ?? '',
        ratio(without?.perSecond, row.perSecond),
      ],
      [
        'CPU ms an event, questions counted in',
        without?.cpuMsEach ?? '',
        row.cpuMsEach ?? '',
        ratio(row.cpuMsEach, without?.cpuMsEach),
      ],
      ['peak memory, MiB', peakOf(runs['mix-without'] ?? []), peakOf(runs.mix ?? []), ''],
    ]
  })
  return table(head, lines)
}
