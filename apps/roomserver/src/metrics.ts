import type { InputCounters, RecordCache, RoomInput, RoomRepairs, WorkStep } from '@roomserver/core'
import type { ObservedCall } from '@roomserver/inthttp'
import type { DatabaseFacts, PoolUse } from '@roomserver/storage'
import type { RelayStatus } from '@roomserver/producers'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What the metrics look at when they are read. */
export interface MetricsSources {
  readonly input: Pick<RoomInput, 'counters' | 'policyCounts'> & {
    /** Undefined: there is nobody to ask for missing events. */
    readonly repairs?: Pick<RoomRepairs, 'rooms' | 'jobs'> | undefined
    readonly rooms: Pick<RoomInput['rooms'], 'bytesInFlight' | 'busy'> & {
      readonly quarantine: Pick<RoomInput['rooms']['quarantine'], 'rooms'>
    }
  }
  readonly cache: Pick<RecordCache, 'bytes' | 'usage'>
  /** Undefined: no message server; answers undefined: another process delivers. */
  readonly relay?: (() => RelayStatus | undefined) | undefined
  /** Undefined: the embedded log is not used. */
  readonly logBytes?: (() => number) | undefined
  /** Free space on the disk of the database; answers undefined: it is not on a disk here. */
  readonly freeBytes: () => number | undefined
  readonly dummyEvents: { readonly sent: number }
  readonly scrubber: { readonly checkedRooms: number; readonly findings: number }
  readonly now: () => number
  readonly storage: {
    /** Undefined: the store is a file. */
    readonly connections?: (() => PoolUse) | undefined
    countWaitingOutputs(limit: number): Promise<number>
    countInbox(limit: number): Promise<number>
    /** Undefined: a store of somebody else, which does not say. */
    readonly databaseFacts?: (() => Promise<Pick<DatabaseFacts, 'values'>>) | undefined
  }
  /** What the program is. */
  readonly build: { readonly version: string; readonly commit: string; readonly schema: number }
}

/** Metrics in Prometheus's text format, and where to report what cannot be looked up later. */
export interface Metrics {
  readonly contentType: string
  read(): Promise<string>
  /** One answered operation. */
  observe(answered: {
    readonly operation: string
    readonly status: number
    readonly tookMs: number
    /** Whether the status is 200 and the answer says that the operation failed. */
    readonly isFailed: boolean
  }): void
  /** A step of a task: waiting in the queue of its room, being decided, being committed; or publishing an output. */
  step(step: WorkStep | 'publish', ms: number): void
  /** A call of another component that is over. */
  called(call: ObservedCall): void
  /** A resolution of states. */
  resolved(conflictedEntries: number, ms: number): void
}

const LOG_BYTES = 'Bytes of the embedded output log without events, when last measured.'
/** Counting more would read what has piled up from end to end with each scrape. */
const MOST_COUNTED = 10_000
const RESOLUTION_SIZES = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000]
const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Sets the metrics up; names begin with `roomserver_`. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  addBuildInfo(registry, sources.build)
  addPoolMetrics(registry, sources.storage)
  addStoreMetrics(registry, sources.storage)
  addInputMetrics(registry, sources.input.counters)
  addLoadMetrics(registry, sources)
  addPolicyMetrics(registry, sources.input.policyCounts)
  if (sources.input.repairs !== undefined) addRepairMetrics(registry, sources.input.repairs)
  const { scrubber, dummyEvents } = sources
  addTotal(
    registry,
    'dummy_events',
    'Dummy events sent to merge forward extremities.',
    () => dummyEvents.sent,
  )
  addGauge(registry, 'disk_free_bytes', 'Free space on the disk of an embedded store.', sources.freeBytes)
  addTotal(registry, 'scrubbed_rooms', 'Rooms that the scrubber has checked.', () => scrubber.checkedRooms)
  addTotal(registry, 'scrubber_findings', 'Damaged data that the scrubber found.', () => scrubber.findings)
  const { logBytes } = sources
  if (logBytes !== undefined) addGauge(registry, 'output_log_bytes', LOG_BYTES, logBytes)
  if (sources.relay !== undefined) addRelayMetrics(registry, sources.relay, sources.now)
  const latency = new Histogram({
    name: 'roomserver_operation_seconds',
    help: 'Time to answer an operation of the internal API.',
    labelNames: ['operation', 'status'],
    buckets: LATENCY_SECONDS,
    registers: [registry],
  })
  const failed = new Counter({
    name: 'roomserver_failed_answers_total',
    help: 'Operations answered with status 200 that failed: the answer says why (ErrMsg, Error).',
    labelNames: ['operation'],
    registers: [registry],
  })
  const steps = new Histogram({
    name: 'roomserver_step_seconds',
    help: 'Time of the steps of an event: queue (until its room takes it), decide, commit (until it is stored), publish (until JetStream has stored an output).',
    labelNames: ['step'],
    buckets: LATENCY_SECONDS,
    registers: [registry],
  })
  const calls = new Histogram({
    name: 'roomserver_component_call_seconds',
    help: 'Time of calls of other components; result: ok, refused (answered with a failure), failed (no valid answer), cancelled.',
    labelNames: ['component', 'operation', 'result'],
    buckets: LATENCY_SECONDS,
    registers: [registry],
  })
  const resolutionTime = new Histogram({
    name: 'roomserver_resolution_seconds',
    help: 'Time of a resolution of states, with the reads that it waits for.',
    buckets: LATENCY_SECONDS,
    registers: [registry],
  })
  const resolutionSize = new Histogram({
    name: 'roomserver_resolution_conflicted_entries',
    help: 'Entries in conflict in a resolution of states.',
    buckets: RESOLUTION_SIZES,
    registers: [registry],
  })
  return {
    contentType: registry.contentType,
    read: () => registry.metrics(),
    step: (step, ms) => steps.observe({ step }, ms / 1_000),
    called: ({ component, operation, result, tookMs }) => {
      calls.observe({ component, operation, result }, tookMs / 1_000)
    },
    resolved: (conflictedEntries, ms) => {
      resolutionTime.observe(ms / 1_000)
      resolutionSize.observe(conflictedEntries)
    },
    observe: ({ operation, status, tookMs, isFailed }) => {
      if (isFailed) failed.inc({ operation })
      latency.observe({ operation, status: String(status) }, tookMs / 1_000)
    },
  }
}

function addBuildInfo(registry: Registry, { version, commit, schema }: MetricsSources['build']): void {
  const info = new Gauge({
    name: 'roomserver_build_info',
    help: 'Always 1; the labels say which program runs.',
    labelNames: ['version', 'commit', 'schema', 'node'],
    registers: [registry],
  })
  info.set({ version, commit, schema, node: process.version }, 1)
}

function addStoreMetrics(registry: Registry, storage: MetricsSources['storage']): void {
  const counts = [
    [
      'outbox_outputs',
      `Outputs that wait for the message server, counted up to ${MOST_COUNTED}; with the embedded log, those that it keeps.`,
      () => storage.countWaitingOutputs(MOST_COUNTED),
    ],
    [
      'inbox_events',
      `Events of asynchronous requests that were acknowledged and are not settled, of all processes, counted up to ${MOST_COUNTED}.`,
      () => storage.countInbox(MOST_COUNTED),
    ],
    [
      'database_bytes',
      'Size of the database, as it says itself.',
      async () => sizeIn(await storage.databaseFacts?.()),
    ],
  ] as const
  for (const [name, help, count] of counts) {
    registry.registerMetric(
      new Gauge({
        name: `roomserver_${name}`,
        help,
        registers: [],
        async collect() {
          const now = await count().catch(() => undefined)
          if (now === undefined) this.remove()
          else this.set(now)
        },
      }),
    )
  }
}

/** Metrics are read in the order in which they are added, so this one before those that take connections themselves. */
function addPoolMetrics(registry: Registry, { connections }: MetricsSources['storage']): void {
  if (connections === undefined) return
  const pool = new Gauge({
    name: 'roomserver_database_connections',
    help: 'Connections to the database by state, and callers that wait for one.',
    labelNames: ['state'],
    registers: [],
    collect() {
      const { inUse, idle, waiting } = connections()
      this.set({ state: 'in-use' }, inUse)
      this.set({ state: 'idle' }, idle)
      this.set({ state: 'waiting' }, waiting)
    },
  })
  registry.registerMetric(pool)
}

function sizeIn(facts: Pick<DatabaseFacts, 'values'> | undefined): number | undefined {
  const bytes = facts?.values['bytes']
  return bytes === undefined ? undefined : Number(bytes)
}

function addInputMetrics(registry: Registry, counters: InputCounters): void {
  const verdicts = new Counter({
    name: 'roomserver_events_total',
    help: 'Ingested events by outcome.',
    labelNames: ['verdict'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [verdict, count] of counters.verdicts) this.inc({ verdict }, count)
      this.inc({ verdict: 'malformed' }, counters.malformed)
      this.inc({ verdict: 'missing' }, counters.missing)
    },
  })
  verdicts.reset()
  const totals = [
    ['commits', 'Write sets that were stored.', () => counters.commits],
    [
      'commit_conflicts',
      'Write sets that conflicted with a commit of another process.',
      () => counters.conflicts,
    ],
    [
      'state_resets',
      'Entries of a current state that fell back to an older event or to none.',
      () => counters.stateResets,
    ],
    [
      'resolved_entries',
      'Entries of current states that a resolution decided.',
      () => counters.resolvedEntries,
    ],
    ['repairs', 'Gaps in the history of rooms that were filled.', () => counters.repaired],
    [
      'repairs_failed',
      'Gaps in the history of rooms that could not be filled.',
      () => counters.repairsFailed,
    ],
    [
      'remote_states_differed',
      'Events for which servers supplied different states, which were resolved.',
      () => counters.statesDiffered,
    ],
    ['repairs_given_up', 'Repairs given up; run roomserver repair.', () => counters.repairsGivenUp],
    ['quarantined_rooms', 'Rooms quarantined after a fault.', () => counters.quarantined],
  ] as const
  for (const [name, help, count] of totals) addTotal(registry, name, help, count)
}

function addPolicyMetrics(registry: Registry, counts: RoomInput['policyCounts']): void {
  registry.registerMetric(
    new Counter({
      name: 'roomserver_policy_checks_total',
      help: "Events held against their room's policy server: signed when they came, granted a signature, refused, or the policy server did not answer.",
      labelNames: ['result'],
      registers: [],
      collect() {
        this.reset()
        for (const [result, count] of Object.entries(counts)) this.inc({ result }, count)
      },
    }),
  )
}

function addRepairMetrics(registry: Registry, repairs: Pick<RoomRepairs, 'rooms' | 'jobs'>): void {
  const jobs = new Gauge({
    name: 'roomserver_repair_jobs',
    help: 'Events that wait for missing events, by state of the repair.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset()
      for (const state of ['waiting', 'running', 'failed', 'gave-up']) this.set({ state }, 0)
      for (const { state } of repairs.jobs) this.inc({ state })
    },
  })
  registry.registerMetric(jobs)
  addGauge(registry, 'rooms_in_repair', 'Rooms for which events are being fetched.', () => repairs.rooms.size)
}

function addTotal(registry: Registry, name: string, help: string, count: () => number): void {
  registry.registerMetric(
    new Counter({
      name: `roomserver_${name}_total`,
      help,
      registers: [],
      collect() {
        this.reset()
        this.inc(count())
      },
    }),
  )
}

function addRelayMetrics(registry: Registry, status: () => RelayStatus | undefined, now: () => number): void {
  addTotal(
    registry,
    'outputs_delivered',
    'Outputs that the message server has stored.',
    () => status()?.delivered ?? 0,
  )
  addTotal(
    registry,
    'outputs_resent',
    'Outputs that the message server lost and that were put back to be sent again.',
    () => status()?.resent ?? 0,
  )
  addGauge(registry, 'output_leader', '1 on the process that delivers outputs, 0 on the others.', () =>
    Number(status() !== undefined),
  )
  // One process delivers for all. The others know nothing of the message server and give no value.
  const gauges = [
    [
      'outbox_lag_seconds',
      'Seconds since outputs began to wait without one being delivered; 0: none waits. Only on the output leader.',
      (relay: RelayStatus) => lagSeconds(relay, now),
    ],
    [
      'message_server_connected',
      '1 while the message server can be reached and its stream takes outputs. Only on the output leader.',
      (relay: RelayStatus) => Number(relay.isConnected),
    ],
    [
      'outbox_rooms_set_aside',
      'Rooms with an output that the message server cannot store. Only on the output leader.',
      (relay: RelayStatus) => relay.setAside.length,
    ],
  ] as const
  for (const [name, help, value] of gauges) {
    addGauge(registry, name, help, () => {
      const relay = status()
      return relay === undefined ? undefined : value(relay)
    })
  }
}

function addLoadMetrics(registry: Registry, { input, cache, now }: MetricsSources): void {
  const queued = () => input.rooms.busy.reduce((sum, room) => sum + room.queued, 0)
  const quarantined = () => [...input.rooms.quarantine.rooms.values()].filter(({ until }) => until > now())
  addGauge(registry, 'rooms_in_quarantine', 'Rooms quarantined now.', () => quarantined().length)
  addGauge(registry, 'busy_rooms', 'Rooms being processed.', () => input.rooms.busy.length)
  addGauge(registry, 'queued_events', 'Events that wait for their room.', queued)
  addGauge(
    registry,
    'undecided_events',
    'Events of requests in progress that are not yet decided.',
    () => input.counters.undecided,
  )
  addGauge(
    registry,
    'input_bytes_in_flight',
    'Bytes of queued events and of events in progress.',
    () => input.rooms.bytesInFlight,
  )
  addGauge(registry, 'cache_bytes', 'Estimated bytes of the cache of events and state.', () => cache.bytes)
  addTotal(registry, 'cache_hits', 'Records that were in the cache.', () => cache.usage.hits)
  addTotal(registry, 'cache_misses', 'Records that had to be read.', () => cache.usage.misses)
}

/** @param value - undefined: this process has no value to give */
function addGauge(registry: Registry, name: string, help: string, value: () => number | undefined): void {
  registry.registerMetric(
    new Gauge({
      name: `roomserver_${name}`,
      help,
      registers: [],
      collect() {
        const now = value()
        if (now === undefined) this.remove()
        else this.set(now)
      },
    }),
  )
}

function lagSeconds({ behindSinceMs }: RelayStatus, now: () => number): number {
  return behindSinceMs === undefined ? 0 : Math.max(0, now() - behindSinceMs) / 1_000
}
