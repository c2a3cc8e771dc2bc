import { type AuthState, type AuthVerdict, checkAuth, selectAuthEvents } from '@roomserver/auth'
import { eventRef, type Pdu } from '@roomserver/events'
import type { JsonObject, RoomId, UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { built } from './build.ts'
import type { PerformContext } from './context.ts'

/** Who makes a room, and how. */
export interface NewRoomOptions {
  readonly creator: UserId
  readonly rules: RoomVersionRules
  /** `undefined` where the ID is made from the create event. */
  readonly roomId: RoomId | undefined
}

/** A state event of a new room; its creator sends it. */
export interface NewStateEvent {
  readonly type: string
  readonly stateKey: string
  readonly content: JsonObject
}

/** The events of a room in the making: each on top of the one before it. Nothing is sent. */
export class NewRoom {
  readonly events: Pdu[] = []
  readonly #context: PerformContext
  readonly #options: NewRoomOptions
  readonly #state = new Map<string, Pdu>()

  constructor(context: PerformContext, options: NewRoomOptions) {
    this.#context = context
    this.#options = options
  }

  /** Makes a state event, and keeps it if the rules allow it. @throws {Refusal} when it cannot be made */
  async add(event: NewStateEvent): Promise<AuthVerdict> {
    const state: AuthState = { get: (type, stateKey) => this.#state.get([type, stateKey].join('\0')) }
    const made = await this.#built(event, state)
    const verdict = checkAuth(made, state)
    if (verdict.allowed) {
      this.events.push(made)
      this.#state.set([event.type, event.stateKey].join('\0'), made)
    }
    return verdict
  }

  #built(event: NewStateEvent, state: AuthState): Promise<Pdu> {
    const { rules, creator, roomId } = this.#options
    const prev = this.events.at(-1)
    const subject = { ...event, sender: creator }
    return built(this.#context, rules, {
      ...subject,
      roomId: roomId ?? prev?.roomId,
      prevEvents: prev === undefined ? [] : [eventRef(prev)],
      authEvents: selectAuthEvents(subject, state, rules).map(eventRef),
      depth: this.events.length + 1,
    })
  }
}
