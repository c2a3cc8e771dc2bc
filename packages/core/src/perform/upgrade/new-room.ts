import { type AuthState, checkAuth, selectAuthEvents } from '@roomserver/auth'
import { eventRef, type Pdu } from '@roomserver/events'
import type { EventId, RoomId } from '@roomserver/types'
import { built } from '../build.ts'
import type { PerformContext } from '../context.ts'
import { Refusal } from '../refusal.ts'
import { newEvent } from '../send.ts'
import { type Carried, carriedOver } from './carry-over.ts'
import { oldState } from './old-state.ts'
import type { RoomUpgrade } from './room-upgrade.ts'

/** What is known of the new room beforehand. */
export interface Beforehand {
  /** `undefined` where the ID is made from the create event. */
  readonly roomId: RoomId | undefined
  readonly tombstone: EventId | undefined
}

/**
 * Makes the events of the new room of an upgrade, with all that it takes over. Nothing is sent.
 *
 * @returns the events in the order of the room, the create event first
 * @throws {Refusal} when the rules of the new room refuse an essential one
 */
export async function newRoomEvents(
  context: PerformContext,
  { room, userId, rules }: RoomUpgrade,
  { roomId, tombstone }: Beforehand,
): Promise<readonly Pdu[]> {
  const founding = { userId, rules, oldRoom: room.roomId, tombstone }
  const chain = new NewRoom(context, { room, userId, rules }, roomId)
  for (const carried of carriedOver(await oldState(context, room, userId), founding)) await chain.add(carried)
  return chain.events
}

/** Sends the events of a new room. @throws {Refusal} */
export async function sendNewRoom(
  context: PerformContext,
  roomId: RoomId,
  events: readonly Pdu[],
): Promise<void> {
  const inputs = events.map((event) => newEvent(event, context.serverName, ''))
  const { ErrMsg } = await context.input.inputRoomEvents({ input_room_events: inputs, async: false })
  if (ErrMsg === '') return
  throw new Refusal('unclassified', `Failed to send new room "${roomId}" to roomserver: ${ErrMsg}`)
}

/** The events of a room in the making: each on top of the one before it. */
class NewRoom {
  readonly events: Pdu[] = []
  readonly #context: PerformContext
  readonly #upgrade: RoomUpgrade
  readonly #givenId: RoomId | undefined
  readonly #state = new Map<string, Pdu>()

  constructor(context: PerformContext, upgrade: RoomUpgrade, roomId: RoomId | undefined) {
    this.#context = context
    this.#upgrade = upgrade
    this.#givenId = roomId
  }

  /** Adds a state event if it can be made and the rules allow it. @throws {Refusal} when it is essential otherwise */
  async add(carried: Carried): Promise<void> {
    const { type, stateKey, isEssential } = carried
    const state: AuthState = { get: (...key) => this.#state.get(key.join('\0')) }
    try {
      const event = await this.#built(carried, state)
      const verdict = checkAuth(event, state)
      if (verdict.allowed) return this.#keep(event, stateKey)
      throw new Refusal('unclassified', `Failed to auth new "${type}" event: ${verdict.reason}`)
    } catch (error) {
      if (isEssential || !(error instanceof Refusal)) throw error
    }
  }

  #built({ type, stateKey, content }: Carried, state: AuthState): Promise<Pdu> {
    const { rules, userId } = this.#upgrade
    const prev = this.events.at(-1)
    const subject = { type, stateKey, content, sender: userId }
    return built(this.#context, rules, {
      ...subject,
      roomId: this.#givenId ?? prev?.roomId,
      prevEvents: prev === undefined ? [] : [eventRef(prev)],
      authEvents: selectAuthEvents(subject, state, rules).map(eventRef),
      depth: this.events.length + 1,
    })
  }

  #keep(event: Pdu, stateKey: string): void {
    this.events.push(event)
    this.#state.set([event.type, stateKey].join('\0'), event)
  }
}
