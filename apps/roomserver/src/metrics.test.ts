import { expect, it } from 'vitest'
import { busyMetrics } from '../test/queries/served-metrics.ts'

it('counts what is looked up and what is reported', async () => {
  const metrics = busyMetrics()
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

// Each scrape saw its own queries wait, and an alert on callers that wait fired for every process.
it('does not count what it asks the database itself among those who wait for a connection', async () => {
  let waiting = 0
  const count = async () => void waiting++
  const storage = {
    connections: () => ({ inUse: 0, idle: 0, waiting }),
    countWaitingOutputs: async () => (await count(), 0),
    countInbox: async () => (await count(), 0),
    databaseFacts: async () => (await count(), { values: {} }),
  }
  const text = await busyMetrics({ storage }).read()
  expect(waiting).toBe(3)
  expect(text).toContain('roomserver_database_connections{state="waiting"} 0')
})

// An alert on "not connected" fired for every process but one, as if two of three had lost the message server.
it('gives no value of the message server where another process delivers', async () => {
  const metrics = busyMetrics({ relay: () => undefined })
  const text = await metrics.read()
  expect(text).toContain('roomserver_output_leader 0\n')
  for (const name of ['message_server_connected', 'outbox_lag_seconds', 'outbox_rooms_set_aside']) {
    expect(text).not.toMatch(new RegExp(`^roomserver_${name} `, 'm'))
  }
})
