import type { InputCounters, RepairJob } from '@roomserver/core'
import { createMetrics, type Metrics, type MetricsSources } from '../../src/metrics.ts'

const counters = {
  verdicts: new Map([['accepted', 5]]),
  malformed: 2,
  undecided: 8,
  missing: 0,
  commits: 4,
  conflicts: 0,
  stateResets: 1,
  resolvedEntries: 0,
  quarantined: 0,
  repaired: 0,
  repairsFailed: 0,
  statesDiffered: 3,
  repairsGivenUp: 0,
} as unknown as InputCounters

/** What a process looks at that delivers outputs and, as none does, uses an embedded log besides. */
const SOURCES: MetricsSources = {
  input: {
    counters,
    rooms: {
      bytesInFlight: 34,
      busy: [{ roomId: '!a:b', queued: 2, step: 'committing', since: 0 }],
      quarantine: {
        rooms: new Map([
          ['!over:b', { reason: 'a fault', until: 3_000 }],
          ['!now:b', { reason: 'a fault', until: 4_000 }],
        ]),
      },
    },
    repairs: { rooms: new Map(), jobs: [{ state: 'failed' } as RepairJob] },
    policyCounts: { signed: 7, granted: 2, refused: 1, unreachable: 0 },
  },
  cache: { bytes: 12, usage: { hits: 30, misses: 10 } },
  storage: {
    connections: () => ({ inUse: 3, idle: 2, waiting: 1 }),
    countWaitingOutputs: async () => 6,
    countInbox: async () => 5,
    databaseFacts: async () => ({ values: { bytes: '8192' } }),
  },
  relay: () => ({
    isConnected: true,
    isOpened: true,
    delivered: 9,
    setAside: [],
    resent: 4,
    findings: [],
    behindSinceMs: 1_000,
  }),
  logBytes: () => 56,
  freeBytes: () => 4096,
  dummyEvents: { sent: 2 },
  scrubber: { checkedRooms: 7, findings: 0 },
  now: () => 3_500,
  build: { version: '1.2.3', commit: 'abc', schema: 15 },
}

/** The metrics of such a process, of which everything that is reported happened once. */
export function busyMetrics(differences: Partial<MetricsSources> = {}): Metrics {
  const metrics = createMetrics({ ...SOURCES, ...differences })
  metrics.observe({ operation: 'queryCurrentState', status: 200, tookMs: 3, isFailed: false })
  metrics.observe({ operation: 'performJoin', status: 200, tookMs: 3, isFailed: true })
  metrics.observe({ operation: 'performJoin', status: 503, tookMs: 3, isFailed: false })
  metrics.step('decide', 3)
  metrics.resolved(4, 20)
  metrics.called({ component: 'federation', operation: 'lookupState', tookMs: 3, result: 'failed' })
  return metrics
}

/** A series of samples, as Prometheus keeps it. */
export interface ServedMetric {
  /** The values of each label. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>
  readonly type: string
}

/** What Prometheus adds to every sample that it reads. */
const ADDED = ['job', 'instance'] as const

/** Reads what `/metrics` serves, by the names of samples. */
export function servedMetrics(text: string): ReadonlyMap<string, ServedMetric> {
  const added = () => new Map<string, Set<string>>(ADDED.map((name) => [name, new Set()]))
  const types = new Map(
    [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  )
  const served = new Map<string, { labels: Map<string, Set<string>>; type: string }>()
  served.set('up', { labels: added(), type: 'gauge' })
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const family = name.replace(/_(?:bucket|sum|count)$/, '')
    const metric = served.get(name) ?? { labels: added(), type: types.get(name) ?? types.get(family) ?? '' }
    served.set(name, metric)
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      metric.labels.set(label, (metric.labels.get(label) ?? new Set()).add(value))
  }
  return served
}
