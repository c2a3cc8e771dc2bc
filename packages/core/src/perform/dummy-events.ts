import { authStateOf, powersIn } from '@roomserver/auth'
import { isFailure, type RoomId, type RoomRecord, type UserId } from '@roomserver/types'
import { decideAndReevaluate } from '../reevaluate/decide-and-reevaluate.ts'
import type { Decision, EventInput } from '../decide/event-input.ts'
import { isSameSet } from '../decide/is-same-set.ts'
import { eventTask } from '../input/event-task.ts'
import type { RoomsOverExtremityLimit } from '../input/rooms-over-extremity-limit.ts'
import { readInput } from '../input/read-input.ts'
import type { RoomTask } from '../input/room-tasks.ts'
import { readRoom, roomWithState } from '../query/context.ts'
import { currentPdus } from '../query/current-pdus.ts'
import { rulesOf } from '../output/headered.ts'
import { buildOnTop, type EventTemplate, refusalOf } from './build.ts'
import type { PerformContext } from './context.ts'
import { newEvent } from './send.ts'

/** The type that Synapse gave such events; clients show nothing of it. */
export const DUMMY_EVENT = 'org.matrix.dummy_event'

const POWERS = [
  { type: 'm.room.create', stateKey: '' },
  { type: 'm.room.power_levels', stateKey: '' },
]
/** The outcome for a room that has other forward extremities by now. */
const MOVED = { kind: 'missing', auth: [], prev: [], state: [] } as const
/** The most dummy events sent to merge the forward extremities of a room at a time; each merges as many as an event may refer to. */
const MAX_EVENTS = 20

/** Brings the forward extremities of rooms together in which they became too many. */
export interface DummyEvents {
  /** How many were sent since the start. */
  readonly sent: number
  /** Looks after the rooms of this process with too many extremities, one after the other. Never rejects. */
  mergeExtremities(): Promise<void>
  /** Has this called when a room has so many extremities that it should be looked after at once; often, where it does not help. */
  onUrgent(call: () => void): void
}

/** @param forked - the rooms that are to be looked after */
export function createDummyEvents(context: PerformContext, overLimit: RoomsOverExtremityLimit): DummyEvents {
  let sent = 0
  return {
    get sent() {
      return sent
    },
    onUrgent: (call) => overLimit.onUrgent(call),
    mergeExtremities: async () => {
      for (const roomId of overLimit.ids) {
        try {
          const events = await bringTogether(context, roomId)
          sent += events
          if (events < MAX_EVENTS) overLimit.forget(roomId)
        } catch (error) {
          if (isFailure(error, 'SHUTTING_DOWN')) return
          context.log.warn(
            { room_id: roomId, err: error },
            'could not merge forward extremities; will retry after the next event',
          )
        }
      }
    },
  }
}

/**
 * Sends events that change nothing until a room has one forward extremity.
 *
 * @returns how many; 0 if no local user may send any
 */
function bringTogether(context: PerformContext, roomId: RoomId): Promise<number> {
  return context.mutex.take(roomId, async () => {
    for (let sent = 0; ; sent++) {
      const room = await roomWithState(context, roomId)
      if (room === undefined || room.extremities.length <= 1 || sent === MAX_EVENTS) return sent
      const template = await mergeEventFor(context, room)
      if (template === undefined || !(await isSent(context, room, template))) return sent
      context.log.info(
        { room_id: roomId, extremities: room.extremities.length },
        'merged forward extremities with a dummy event',
      )
    }
  })
}

/**
 * What merges the extremities: a dummy event of a local member who may send messages. Where all are muted, it is the
 * membership of one of them, stated again: the rules allow that to whoever is in the room.
 */
async function mergeEventFor(context: PerformContext, room: RoomRecord): Promise<EventTemplate | undefined> {
  const state = await readRoom(context, (view) => currentPdus(view, room, POWERS))
  const powers = powersIn(authStateOf(state), rulesOf(room))
  const members = await context.store.membershipsOfRoom(room.nid, { membership: 'join', localOnly: true })
  const sender = members.find(({ userId }) => powers.canSend(userId, DUMMY_EVENT, 'message'))?.userId
  if (sender !== undefined) return { type: DUMMY_EVENT, sender, content: {} }
  const [muted] = members
  return muted === undefined ? undefined : await membershipAgain(context, room, muted.userId)
}

/** The membership of a user as it is. Who is in the room needs nobody to authorise it, and no signature of theirs. */
async function membershipAgain(
  context: PerformContext,
  room: RoomRecord,
  userId: UserId,
): Promise<EventTemplate | undefined> {
  const place = { type: 'm.room.member', stateKey: userId }
  const [current] = await readRoom(context, (view) => currentPdus(view, room, [place]))
  if (current === undefined) return undefined
  const { join_authorised_via_users_server: _, ...content } = current.content
  const template: EventTemplate = { ...place, sender: userId, content }
  return (await refusalOf(context, room, template)) === undefined ? template : undefined
}

/** It is not sent to other servers: they fetch it with the next event, and would otherwise answer it with theirs. */
async function isSent(context: PerformContext, room: RoomRecord, template: EventTemplate): Promise<boolean> {
  const event = await buildOnTop(context, room, template)
  const rooms = context.input
  const input = { ...readInput(newEvent(event, context.serverName, '')), isOurs: true }
  const outcome = await rooms.decideOn(
    input,
    async (given) => (await rooms.runTask(unlessMoved(room, given))) ?? MOVED,
  )
  return outcome.kind === 'stored' && outcome.verdict === 'accepted'
}

/** Takes the event in only where the room still has the forward extremities that it was built on: another process may have been faster. */
function unlessMoved({ extremities }: RoomRecord, input: EventInput): RoomTask<Decision | undefined> {
  const { roomId, version, name, bytes, arrival } = eventTask(input)
  return {
    roomId,
    version,
    name,
    bytes,
    arrival,
    *decide(draft) {
      return isSameSet(new Set(draft.room.extremities), new Set(extremities))
        ? yield* decideAndReevaluate(draft, input)
        : undefined
    },
  }
}
