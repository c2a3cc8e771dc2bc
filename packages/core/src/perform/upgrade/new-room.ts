import { type AuthState, checkAuth, selectAuthEvents } from '@roomserver/auth'
import { eventRef, type Pdu } from '@roomserver/events'
import type { EventId, RoomId } from '@roomserver/types'
import { built } from '../build.ts'
import type { PerformContext } from '../context.ts'
import { Refusal } from '../refusal.ts'
import { newEvent } from '../send.ts'
import { type Carried, carriedOver, missingEssential } from './carry-over.ts'
import { oldState } from './old-state.ts'
import type { Upgrade } from './upgrade.ts'

/** What is known of the new room beforehand. */
export interface Beforehand {
  /** `undefined` where the ID is made from the create event. */
  readonly roomId: RoomId | undefined
  readonly tombstone: EventId | undefined
}

/** Makes the new room of an upgrade with all that it takes over. @returns its ID */
export async function makeNewRoom(
  context: PerformContext,
  { room, userId, rules }: Upgrade,
  { roomId, tombstone }: Beforehand,
): Promise<RoomId> {
  const old = await oldState(context, room, userId)
  const missing = missingEssential(old, userId)
  if (missing !== undefined) throw new Refusal('unclassified', missing)

  const founding = { userId, rules, oldRoom: room.roomId, tombstone }
  const chain = new NewRoom(context, { room, userId, rules }, roomId)
  for (const carried of carriedOver(old, founding)) await chain.add(carried)
  const inputs = chain.events.map((event) => newEvent(event, context.serverName, ''))
  const { ErrMsg } = await context.input.inputRoomEvents({ input_room_events: inputs, async: false })
  if (ErrMsg === '') return chain.roomId
  throw new Refusal('unclassified', `Failed to send new room "${chain.roomId}" to roomserver: ${ErrMsg}`)
}

/** The events of a room in the making: each on top of the one before it. */
class NewRoom {
  readonly events: Pdu[] = []
  readonly #context: PerformContext
  readonly #upgrade: Upgrade
  readonly #givenId: RoomId | undefined
  readonly #state = new Map<string, Pdu>()

  constructor(context: PerformContext, upgrade: Upgrade, roomId: RoomId | undefined) {
    this.#context = context
    this.#upgrade = upgrade
    this.#givenId = roomId
  }

  get roomId(): RoomId {
    return this.#givenId ?? this.events[0]?.roomId ?? ''
  }

  /** Adds a state event if the rules allow it. @throws {Refusal} when it is essential and they do not */
  async add({ type, stateKey, content, isEssential }: Carried): Promise<void> {
    const { rules, userId } = this.#upgrade
    const state: AuthState = { get: (...key) => this.#state.get(key.join('\0')) }
    const prev = this.events.at(-1)
    const subject = { type, stateKey, content, sender: userId }
    const roomId = this.roomId === '' ? undefined : this.roomId
    const event = await built(this.#context, rules, {
      ...subject,
      roomId,
      prevEvents: prev === undefined ? [] : [eventRef(prev)],
      authEvents: selectAuthEvents(subject, state, rules).map(eventRef),
      depth: this.events.length + 1,
    })
    const verdict = checkAuth(event, state)
    if (verdict.allowed) this.#keep(event, stateKey)
    else if (isEssential) {
      throw new Refusal('unclassified', `Failed to auth new "${type}" event: ${verdict.reason}`)
    }
  }

  #keep(event: Pdu, stateKey: string): void {
    this.events.push(event)
    this.#state.set([event.type, stateKey].join('\0'), event)
  }
}
