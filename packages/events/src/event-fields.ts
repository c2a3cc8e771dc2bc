import { type EventId, isJsonObject, type JsonObject, type RoomId, type UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { type Members, membersOf, memberText, memberValue } from './members.ts'
import type { Pdu } from './pdu.ts'

/** A {@link Pdu} over its text. */
class TextPdu implements Pdu {
  readonly eventId: EventId
  readonly roomId: RoomId
  readonly rules: RoomVersionRules
  readonly type: string
  readonly stateKey: string | undefined
  readonly sender: UserId
  readonly depth: number
  readonly originServerTs: number
  readonly prevEvents: readonly EventId[]
  readonly authEvents: readonly EventId[]
  readonly json: string
  #content: JsonObject | undefined

  constructor(event: Members, eventId: EventId, rules: RoomVersionRules) {
    this.eventId = eventId
    this.rules = rules
    this.type = textOf(event, 'type') ?? ''
    this.stateKey = textOf(event, 'state_key')
    this.sender = textOf(event, 'sender') ?? ''
    this.roomId = roomIdOf(event, eventId, this.type, rules)
    this.depth = numberOf(event, 'depth')
    this.originServerTs = numberOf(event, 'origin_server_ts')
    this.prevEvents = referencesOf(event, 'prev_events')
    this.authEvents = referencesOf(event, 'auth_events')
    this.json = event.text
  }

  get content(): JsonObject {
    this.#content ??= contentOf(this.json)
    return this.#content
  }

  get redacts(): EventId | undefined {
    if (this.type !== 'm.room.redaction') return undefined
    const redacts =
      this.rules.redactsIn === 'content' ? ownValue(this.content, 'redacts') : memberIn(this.json, 'redacts')
    return typeof redacts === 'string' ? redacts : undefined
  }
}

const EMPTY: JsonObject = Object.freeze({})

/** A {@link Pdu} of an event that has been checked, or is trusted. Members of a wrong type read as empty or 0. */
export function pduOf(event: Members, eventId: EventId, rules: RoomVersionRules): Pdu {
  return new TextPdu(event, eventId, rules)
}

function contentOf(json: string): JsonObject {
  const content = memberIn(json, 'content')
  return isJsonObject(content) ? content : EMPTY
}

function memberIn(json: string, name: string): unknown {
  const event = membersOf(json)
  return event && memberValue(event, name)
}

function ownValue(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

function textOf(event: Members, name: string): string | undefined {
  const value = memberValue(event, name)
  return typeof value === 'string' ? value : undefined
}

function numberOf(event: Members, name: string): number {
  const value = memberValue(event, name)
  return typeof value === 'number' ? value : 0
}

function roomIdOf(event: Members, eventId: EventId, type: string, rules: RoomVersionRules): RoomId {
  if (rules.roomId === 'create-hash' && type === 'm.room.create') return `!${eventId.slice(1)}`
  return textOf(event, 'room_id') ?? ''
}

/** The IDs in a list of `[id, hashes]` pairs or plain IDs; what is neither is left out. */
function referencesOf(event: Members, name: string): readonly EventId[] {
  if (memberText(event, name) === '[]') return NONE
  const list = memberValue(event, name)
  if (!Array.isArray(list)) return NONE
  return list
    .map((entry: unknown) => (Array.isArray(entry) ? (entry[0] as unknown) : entry))
    .filter((id) => typeof id === 'string')
}

const NONE: readonly EventId[] = Object.freeze([])
