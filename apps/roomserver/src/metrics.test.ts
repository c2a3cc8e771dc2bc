import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InputCounters, RepairJob } from '@roomserver/core'
import { expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

const POLICY_COUNTS = { signed: 7, granted: 2, refused: 1, unreachable: 0 }

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

const storage = {
  connections: () => ({ inUse: 3, idle: 2, waiting: 1 }),
  countWaitingOutputs: async () => 6,
  countInbox: async () => 5,
  databaseFacts: async () => ({ values: { bytes: '8192' } }),
}

const rooms = {
  bytesInFlight: 34,
  busy: [{ roomId: '!a:b', queued: 2, step: 'committing', since: 0 }],
  quarantine: {
    rooms: new Map([
      ['!over:b', { reason: 'a fault', until: 3_000 }],
      ['!now:b', { reason: 'a fault', until: 4_000 }],
    ]),
  },
}

const repairs = { rooms: new Map(), jobs: [{ state: 'failed' } as RepairJob] }

it('counts what is looked up and what is reported', async () => {
  const relay = () => ({
    isConnected: true,
    isOpened: true,
    delivered: 9,
    setAside: [],
    resent: 4,
    findings: [],
    behindSinceMs: 1_000,
  })
  const metrics = createMetrics({
    input: { counters, rooms, repairs, policyCounts: POLICY_COUNTS },
    cache: { bytes: 12, usage: { hits: 30, misses: 10 } },
    storage,
    relay,
    logBytes: () => 56,
    freeBytes: () => 4096,
    dummyEvents: { sent: 2 },
    scrubber: { checkedRooms: 7, findings: 0 },
    now: () => 3_500,
    build: { version: '1.2.3', commit: 'abc', schema: 15 },
  })
  metrics.observe({ operation: 'queryCurrentState', status: 200, tookMs: 3, isFailed: false })
  metrics.observe({ operation: 'performJoin', status: 200, tookMs: 3, isFailed: true })
  metrics.step('decide', 3)
  metrics.resolved(4, 20)
  metrics.called({ component: 'federation', operation: 'lookupState', tookMs: 3, result: 'failed' })
  const text = await metrics.read()
  const again = await metrics.read()
  for (const line of [
    'roomserver_events_total{verdict="accepted"} 5',
    'roomserver_events_total{verdict="malformed"} 2',
    'roomserver_commits_total 4',
    'roomserver_queued_events 2',
    'roomserver_undecided_events 8',
    'roomserver_cache_bytes 12',
    'roomserver_output_log_bytes 56',
    'roomserver_input_bytes_in_flight 34',
    'roomserver_repair_jobs{state="failed"} 1',
    'roomserver_rooms_in_repair 0',
    'roomserver_policy_checks_total{result="granted"} 2',
    'roomserver_remote_states_differed_total 3',
    'roomserver_scrubbed_rooms_total 7',
    'roomserver_state_resets_total 1',
    'roomserver_outputs_delivered_total 9',
    'roomserver_outbox_lag_seconds 2.5',
    'roomserver_output_leader 1',
    'roomserver_build_info{version="1.2.3",commit="abc",schema="15",',
    'roomserver_outbox_outputs 6',
    'roomserver_inbox_events 5',
    'roomserver_rooms_in_quarantine 1',
    'roomserver_failed_answers_total{operation="performJoin"} 1',
    'roomserver_database_connections{state="waiting"} 1',
    'roomserver_database_bytes 8192',
    'roomserver_disk_free_bytes 4096',
    'roomserver_component_call_seconds_bucket{le="0.005",component="federation",operation="lookupState",result="failed"} 1',
    'roomserver_cache_hits_total 30',
    'roomserver_cache_misses_total 10',
    'roomserver_step_seconds_bucket{le="0.005",step="decide"} 1',
    'roomserver_resolution_seconds_sum 0.02',
    'roomserver_resolution_conflicted_entries_bucket{le="10"} 1',
    'roomserver_operation_seconds_bucket{le="0.005",operation="queryCurrentState",status="200"} 1',
  ]) {
    expect(text).toContain(line)
    expect(again).toContain(line)
  }
})

// An alert on "not connected" fired for every process but one, as if two of three had lost the message server.
it('gives no value of the message server where another process delivers', async () => {
  const metrics = createMetrics({
    input: { counters, rooms, repairs, policyCounts: POLICY_COUNTS },
    cache: { bytes: 12, usage: { hits: 30, misses: 10 } },
    storage,
    relay: () => undefined,
    freeBytes: () => 4096,
    dummyEvents: { sent: 2 },
    scrubber: { checkedRooms: 7, findings: 0 },
    now: () => 3_500,
    build: { version: '1.2.3', commit: 'abc', schema: 15 },
  })
  const text = await metrics.read()
  expect(text).toContain('roomserver_output_leader 0\n')
  for (const name of ['message_server_connected', 'outbox_lag_seconds', 'outbox_rooms_set_aside']) {
    expect(text).not.toMatch(new RegExp(`^roomserver_${name} `, 'm'))
  }
})

/** Names of metrics in a text, without the endings that Prometheus gives the parts of a histogram. */
function namesIn(text: string): ReadonlySet<string> {
  const names = text.match(/\b(?:roomserver|nodejs|process)_[a-z0-9_]+/g) ?? []
  return new Set(names.map((name) => name.replace(/_(?:bucket|count|sum)$/, '')))
}

it.each(['prometheus/alerts.yaml', 'grafana/roomserver.json'])(
  'asks in deploy/%s only for metrics that there are',
  async (file) => {
    const metrics = createMetrics({
      input: { counters, rooms, repairs, policyCounts: POLICY_COUNTS },
      cache: { bytes: 12, usage: { hits: 30, misses: 10 } },
      storage,
      relay: () => undefined,
      logBytes: () => 56,
      freeBytes: () => 4096,
      dummyEvents: { sent: 2 },
      scrubber: { checkedRooms: 7, findings: 0 },
      now: () => 3_500,
      build: { version: '1.2.3', commit: 'abc', schema: 15 },
    })
    const known = namesIn(await metrics.read())
    const asked = namesIn(readFileSync(join(import.meta.dirname, '../../../deploy', file), 'utf8'))
    expect(asked.size).toBeGreaterThan(5)
    expect([...asked].filter((name) => !known.has(name))).toEqual([])
  },
)
