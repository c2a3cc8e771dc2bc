import { createHash } from 'node:crypto'
import {
  type ChainReading,
  resolveSnapshots,
  resolveState,
  type StateMap,
  stateEntries,
} from '@roomserver/state'
import { type EventId, finish, type SnapshotRecord } from '@roomserver/types'
import { StoredRoom } from './stored-room.ts'
import { measure, type Timing } from './measure.ts'
import type { Workload } from './workload.ts'

/** One workload, resolved in one way. */
export interface ResolutionResult {
  readonly workload: string
  /** `maps`: plain maps of IDs; `snapshots`: blocks by NID, shared between the forks. */
  readonly from: 'maps' | 'snapshots'
  readonly chain: ChainReading
  readonly entries: number
  /** The first 16 hex digits of the SHA-256 over the sorted lines `type NUL state_key NUL event_id LF`. */
  readonly hash: string
  /** Absent when only the result was asked for. */
  readonly timing?: Timing
}

/**
 * Resolves a workload from maps and from snapshots.
 *
 * @param timed - whether to measure as well
 */
export function runWorkload(workload: Workload, chain: ChainReading, timed: boolean): ResolutionResult[] {
  const { events, rules, sets } = workload
  const { room, snapshots } = stored(workload)
  const fromMaps = () => resolveState(sets, { version: rules, events: (id) => events.get(id), chain })
  const fromSnapshots = () => finish(resolveSnapshots(snapshots, room, { rules, chain }))
  const about = (state: StateMap) => ({ workload: workload.name, chain, ...digest(state) })
  const { base, changes } = fromSnapshots()
  return [
    {
      ...about(room.stateOf(room.apply(snapshots[base], changes))),
      from: 'snapshots',
      ...(timed ? { timing: measure(fromSnapshots) } : {}),
    },
    { ...about(fromMaps().state), from: 'maps', ...(timed ? { timing: measure(fromMaps) } : {}) },
  ]
}

/** The workload as a store would have it: an event after the other, each with the state before it. */
function stored({ events, tips }: Workload): {
  readonly room: StoredRoom
  readonly snapshots: readonly SnapshotRecord[]
} {
  const room = new StoredRoom()
  const after = new Map<EventId, SnapshotRecord>()
  for (const pdu of events.values()) {
    const before = pdu.prevEvents.map((id) => after.get(id)).find((snapshot) => snapshot !== undefined)
    after.set(pdu.eventId, room.store(pdu, before))
  }
  return { room, snapshots: tips.map((tip) => after.get(tip) ?? room.apply(undefined, [])) }
}

function digest(state: StateMap): { readonly entries: number; readonly hash: string } {
  const lines = [...stateEntries(state)].map((entry) => `${entry.join('\u0000')}\n`)
  const bytes = lines.map((line) => Buffer.from(line)).toSorted((a, b) => a.compare(b))
  const hash = createHash('sha256').update(Buffer.concat(bytes)).digest('hex').slice(0, 16)
  return { entries: lines.length, hash }
}
