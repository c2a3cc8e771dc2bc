import {
  type EventId,
  invalidArgument,
  isJsonObject,
  type JsonObject,
  type RoomId,
  type UserId,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { type EventFields, fieldsOf } from './event-fields.ts'
import type { Members } from './json/members.ts'
import { parseJson } from './json/parse.ts'
import type { Pdu } from './pdu.ts'

/** A {@link Pdu} over its text. Members of a wrong type read as empty or 0. */
export class TextPdu implements Pdu {
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
  readonly #isContentChecked: boolean
  readonly #redacts: unknown
  readonly #contentText: string
  #content: JsonObject | undefined

  constructor(
    event: Members,
    fields: EventFields,
    eventId: EventId,
    rules: RoomVersionRules,
    isContentChecked = false,
  ) {
    this.#isContentChecked = isContentChecked
    this.eventId = eventId
    this.rules = rules
    this.type = textOr(fields.type, '')
    this.stateKey = textOr(fields.state_key, undefined)
    this.sender = textOr(fields.sender, '')
    this.roomId = namesItself(this.type, rules) ? `!${eventId.slice(1)}` : textOr(fields.room_id, '')
    this.depth = Math.min(numberOr0(fields.depth), Number.MAX_SAFE_INTEGER)
    this.originServerTs = numberOr0(fields.origin_server_ts)
    this.prevEvents = referencedIds(fields.prev_events)
    this.authEvents = referencedIds(fields.auth_events)
    this.json = event.text
    this.#redacts = fields.redacts
    this.#contentText = fields.content ?? '{}'
  }

  /** Whether the text of an event has been compared with its content hash, or is what redaction leaves of it. */
  static isContentChecked(event: Pdu): boolean {
    return #isContentChecked in event && event.#isContentChecked
  }

  get content(): JsonObject {
    this.#content ??= contentOf(this.#contentText)
    return this.#content
  }

  get redacts(): EventId | undefined {
    if (this.type !== 'm.room.redaction') return undefined
    if (this.rules.redactsIn === 'event') return textOr(this.#redacts, undefined)
    return Object.hasOwn(this.content, 'redacts') ? textOr(this.content['redacts'], undefined) : undefined
  }
}

/** A {@link Pdu} of an event that has been checked, or is trusted. */
export function pduOf(
  event: Members,
  eventId: EventId,
  rules: RoomVersionRules,
  isContentChecked = false,
): Pdu {
  return new TextPdu(event, fieldsOf(event), eventId, rules, isContentChecked)
}

/**
 * Checks that an argument is a {@link Pdu}; callers without types may pass the event itself.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export function checkPdu(argument: string, event: Pdu): void {
  if (typeof event?.eventId === 'string' && typeof event.json === 'string' && event.rules !== undefined)
    return
  throw invalidArgument(argument, 'a Pdu, as parsePdu, trustedPdu and pduFromClientEvent make them')
}

/** Whether the room ID is made from the event's own ID. */
function namesItself(type: string, rules: RoomVersionRules): boolean {
  return rules.roomId === 'create-hash' && type === 'm.room.create'
}

const EMPTY: JsonObject = Object.freeze({})

function contentOf(text: string): JsonObject {
  const content = parseJson(text)
  return isJsonObject(content) ? content : EMPTY
}

function textOr<Default>(value: unknown, otherwise: Default): string | Default {
  return typeof value === 'string' ? value : otherwise
}

function numberOr0(text: string | undefined): number {
  const value: unknown = text === undefined ? 0 : JSON.parse(text)
  return typeof value === 'number' ? value : 0
}

const NONE: readonly EventId[] = Object.freeze([])

/** The IDs in a list of `[id, hashes]` pairs or plain IDs; what is neither is left out. */
function referencedIds(list: unknown): readonly EventId[] {
  if (!Array.isArray(list) || list.length === 0) return NONE
  if (list.every((entry) => typeof entry === 'string')) return list
  return list
    .map((entry: unknown) => (Array.isArray(entry) ? (entry[0] as unknown) : entry))
    .filter((id) => typeof id === 'string')
}
