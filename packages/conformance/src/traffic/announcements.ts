import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import { referencesOf } from './known-events.ts'

/** What the outputs of a server tell of rooms. */
export class Announcements {
  readonly #new = new Set<string>()
  readonly #old = new Set<string>()
  readonly #redacted = new Set<string>()
  readonly #invites = new Set<string>()
  readonly #ended = new Map<string, number>()
  readonly #stateAfter = new Map<string, ReadonlySet<string>>()

  constructor(outputs: readonly JsonObject[]) {
    const states = new AnnouncedStates()
    for (const payload of outputs) {
      const announced = states.follow(payload)
      if (announced !== undefined) {
        this.#new.add(announced.eventId)
        this.#stateAfter.set(announced.eventId, new Set(announced.state))
      }
      const redaction = payload['redacted_event']
      if (isJsonObject(redaction)) this.#redacted.add(textOf(redaction['RedactedEventID']))
      this.#old.add(eventIn(payload['old_room_event']))
      this.#invites.add(eventIn(payload['new_invite_event']))
      const retirement = payload['retire_invite_event']
      if (!isJsonObject(retirement)) continue
      const invite = textOf(retirement['EventID'])
      this.#ended.set(invite, (this.#ended.get(invite) ?? 0) + 1)
    }
    for (const events of [this.#old, this.#invites]) events.delete('')
  }

  isNew(eventId: string): boolean {
    return this.#new.has(eventId)
  }

  isOld(eventId: string): boolean {
    return this.#old.has(eventId)
  }

  /** Whether an event was announced as an invite. */
  isInvite(eventId: string): boolean {
    return this.#invites.has(eventId)
  }

  /** How often it was announced that an invite is over. */
  timesEnded(eventId: string): number {
    return this.#ended.get(eventId) ?? 0
  }

  isRedacted(eventId: string): boolean {
    return this.#redacted.has(eventId)
  }

  /** The state to which all changes add up that were announced until this event came. */
  stateAfter(eventId: string): ReadonlySet<string> | undefined {
    return this.#stateAfter.get(eventId)
  }
}

/** The ID of the event in an output; `''` where there is none. */
function eventIn(content: JsonValue | undefined): string {
  const event = isJsonObject(content) ? content['event'] : undefined
  return isJsonObject(event) ? textOf(event['_event_id']) : ''
}

/** The state of a room after an output. */
export interface Announcement {
  readonly roomId: string
  readonly eventId: string
  readonly state: ReadonlySet<string>
}

/** Adds the changes up that a server announces. */
export class AnnouncedStates {
  readonly #rooms = new Map<string, Set<string>>()

  /** The state of a room after an output; `undefined` for one that changes none. */
  follow(payload: JsonObject): Announcement | undefined {
    const output = payload['new_room_event']
    const event = isJsonObject(output) ? output['event'] : undefined
    if (!isJsonObject(output) || !isJsonObject(event)) return undefined
    const roomId = textOf(event['room_id'])
    const state = this.#rooms.get(roomId) ?? new Set<string>()
    this.#rooms.set(roomId, state)
    if (output['rewrites_state'] === true) state.clear()
    for (const id of referencesOf(output['removes_state_event_ids'])) state.delete(id)
    for (const id of referencesOf(output['adds_state_event_ids'])) state.add(id)
    return { roomId, eventId: textOf(event['_event_id']), state }
  }
}

/** The state before the event of an output, worked out from that after it and what the output says. */
export function stateBeforeOutput(
  payload: JsonValue | undefined,
  after: ReadonlySet<string> | undefined,
): ReadonlySet<string> {
  const output = isJsonObject(payload) ? payload['new_room_event'] : undefined
  const content: JsonObject = isJsonObject(output) ? output : {}
  const state = new Set(after)
  for (const id of referencesOf(content['state_before_removes_event_ids'])) state.delete(id)
  for (const id of referencesOf(content['state_before_adds_event_ids'])) state.add(id)
  return state
}
