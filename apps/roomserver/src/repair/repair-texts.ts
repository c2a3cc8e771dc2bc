import type { RepairRoomResponse, RetryMissingEventsResponse, RoomJob } from '@roomserver/api'
import { escaped } from '@roomserver/inspect'

/** What a room is repaired by. */
export type RepairKind = 'recompute-state' | 'prune-extremities' | 'state-from-servers'

/**
 * The events that wait for missing events, as lines of text, and how many there are.
 *
 * @param now - in ms since the epoch
 */
export function waitingText(jobs: readonly RoomJob[], now: number): string {
  return linesText([
    ...jobs.flatMap((job) => jobLines(job, now)),
    `${jobs.length} events wait for missing events`,
  ])
}

function jobLines(job: RoomJob, now: number): readonly string[] {
  const { attempts, done, event_id: event, last_error: error, next_ts, room_id: room, since_ts, state } = job
  const next = state === 'failed' ? `, next attempt in ${Math.max(0, minutes(next_ts - now))} min` : ''
  const line = `${room}  ${event}  ${state}: ${attempts} attempts, ${done} events fetched, since ${minutes(now - since_ts)} min${next}`
  return error === '' ? [line] : [line, `    ${error}`]
}

function minutes(ms: number): number {
  return Math.round(ms / 60_000)
}

/** What came of asking again for missing events, or what is waited for. */
export function retriedText(
  { events, repaired, waiting }: RetryMissingEventsResponse,
  isDryRun: boolean,
): string {
  const lines = events.map(
    ({ event_id, outcome, says }) => `${event_id}  ${outcome}${says === '' ? '' : `: ${says}`}`,
  )
  const rest = waiting - events.length
  if (rest > 0) lines.push(`and ${rest} more`)
  const sum = isDryRun
    ? `${waiting} events would be tried again`
    : `${repaired} repaired, ${waiting - repaired} still waiting`
  return linesText([...lines, sum])
}

const WHAT: Readonly<Record<RepairKind, string>> = {
  'recompute-state': 'state from the forward extremities',
  'prune-extremities': 'forward extremities',
  'state-from-servers': 'state from other servers',
}

/** What a repair changed, or would change. */
export function repairedText(kind: RepairKind, answer: RepairRoomResponse): string {
  const { dropped_extremities: dropped, entries, failed_servers: failed, servers, states } = answer
  const lines = [
    ...failed.map(({ reason, server }) => `no state from ${server}: ${reason}`),
    ...states.map(
      (state) => `state from ${state.servers.join(', ')}: ${state.changed_entries} entries differ`,
    ),
  ]
  if (kind === 'state-from-servers' && servers.length === 0)
    return linesText([...lines, 'no server supplied a usable state'])
  const what = kind === 'state-from-servers' ? `chosen: the state from ${servers.join(', ')}` : WHAT[kind]
  lines.push(
    `${what}: ${answer.changed_entries} entries differ, ${dropped.length} forward extremities dropped`,
  )
  lines.push(...dropped.map((id) => `    extremity ${id}`))
  for (const { from, state_key: key, to, type } of entries)
    lines.push(`    ${type} "${key}": ${from || 'none'} -> ${to || 'none'}`)
  const rest = answer.changed_entries - entries.length
  if (rest > 0) lines.push(`    and ${rest} more`)
  return linesText(lines)
}

/** Other servers chose much of what a line holds. */
function linesText(lines: readonly string[]): string {
  return lines.map(escaped).join('\n')
}
