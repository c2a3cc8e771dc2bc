import type { BusyRoom, InspectActivityResponse } from '@roomserver/api'
import type { Clock, RoomId } from '@roomserver/types'
import type { BlockedRooms } from '../input/blocked-rooms.ts'
import type { InputCounters } from '../input/counters.ts'
import type { Rooms } from '../input/rooms.ts'
import type { InspectionReads } from '../ports.ts'
import type { ProcessActivity } from './stored-rooms.ts'

/** The input of the process, as far as an inspection looks at it. */
export interface WatchedInput {
  readonly rooms: Pick<Rooms, 'busy' | 'quarantine' | 'bytesInFlight'>
  readonly counters: InputCounters
  /** The rooms that operators blocked, as the input knows them. */
  readonly blockedRooms: Pick<BlockedRooms, 'of'>
}

/** What the activity of a process is made of. */
export interface ProcessActivityParts {
  readonly reads: InspectionReads
  readonly serverName: string
  readonly clock: Clock
  /** `undefined`: nobody serves the store in this process. */
  readonly input: WatchedInput | undefined
  /** Whether outputs are delivered to a message server. */
  readonly deliversOutputs: boolean
}

const MAX_ROOMS = 100
const MAX_COUNT = 1_000

/** What the process does now. */
export function processActivity({
  clock,
  deliversOutputs,
  input,
  reads,
  serverName,
}: ProcessActivityParts): ProcessActivity {
  const startedTs = clock.now()
  return {
    busy: (roomId) => busyRooms(input, clock.now()).get(roomId),
    activity: async () => {
      const rooms = [...busyRooms(input, clock.now()).values()].toSorted((a, b) => b.waiting - a.waiting)
      return {
        server_name: serverName,
        started_ts: startedTs,
        rooms: rooms.slice(0, MAX_ROOMS),
        queued_events: rooms.reduce((total, { waiting }) => total + waiting, 0),
        queued_bytes: input?.rooms.bytesInFlight ?? 0,
        inbox: await reads.countInbox(MAX_COUNT),
        waiting_outputs: deliversOutputs ? await reads.countWaitingOutputs(MAX_COUNT) : -1,
        figures: input === undefined ? [] : figuresOf(input.counters),
      }
    },
  }
}

function busyRooms(input: WatchedInput | undefined, now: number): ReadonlyMap<RoomId, BusyRoom> {
  const rooms = new Map<RoomId, BusyRoom>()
  for (const { queued, roomId, since, step } of input?.rooms.busy ?? []) {
    const isIdle = step === 'idle'
    rooms.set(roomId, {
      room_id: roomId,
      waiting: queued + (isIdle ? 0 : 1),
      step: isIdle ? '' : step,
      step_ms: isIdle ? 0 : Math.max(0, now - since),
      quarantined_ms: 0,
    })
  }
  for (const [roomId, { until }] of input?.rooms.quarantine.rooms ?? []) {
    if (until <= now) continue
    const known = rooms.get(roomId) ?? { room_id: roomId, waiting: 0, step: '', step_ms: 0 }
    rooms.set(roomId, { ...known, quarantined_ms: until - now })
  }
  return rooms
}

function figuresOf(counters: InputCounters): InspectActivityResponse['figures'] {
  const {
    commits,
    conflicts,
    malformed,
    quarantined,
    repaired,
    repairsFailed,
    resolvedEntries,
    stateResets,
  } = counters
  const verdicts = [...counters.verdicts].map(
    ([verdict, value]) =>
      [`verdict_${verdict.replaceAll('-', '_')}`, value, `events that were ${verdict}`] as const,
  )
  const all = [
    ...verdicts,
    ['malformed', malformed, 'events that are not valid in their room version'],
    ['commits', commits, 'commits to rooms'],
    ['conflicts', conflicts, 'commits that were decided again, because another process was first'],
    ['resolved_entries', resolvedEntries, 'entries of current states that a state resolution decided'],
    ['state_resets', stateResets, 'state resets'],
    ['quarantined', quarantined, 'rooms that were quarantined after a fault'],
    ['repaired', repaired, 'gaps that were filled'],
    ['repairs_failed', repairsFailed, 'gaps that could not be filled'],
  ] as const
  return all.map(([name, value, says]) => ({ name, value, says }))
}
