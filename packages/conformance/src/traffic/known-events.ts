import { eventIdOf } from '@roomserver/events'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { type RoomVersionRules, roomVersion } from '@roomserver/version'
import { textOf } from '@roomserver/testing'
import type { RecordedLine } from './recording.ts'

/** An event as a recording has it, in the federation format. */
export interface KnownEvent {
  readonly id: string
  readonly json: JsonObject
  readonly rules: RoomVersionRules
  /** The step at which the recorded server came to know it at the latest. */
  readonly since: number
}

/** Every event of a recording, wherever it stands. */
export class KnownEvents {
  readonly #events = new Map<string, KnownEvent>()
  readonly #versions = new Map<string, RoomVersionRules>()

  constructor(lines: readonly RecordedLine[]) {
    for (const line of lines) this.#learnVersions(line)
    for (const line of lines) if (!isQuestion(line)) this.#collect(line, line.step)
    for (const line of lines) if (isQuestion(line)) this.#collect(line, line.step)
  }

  /** @param until - a step; what the recorded server learnt later is not known */
  get(id: string, until = Number.POSITIVE_INFINITY): KnownEvent | undefined {
    const event = this.#events.get(id)
    return event !== undefined && event.since <= until ? event : undefined
  }

  all(): Iterable<KnownEvent> {
    return this.#events.values()
  }

  rulesOf(roomId: string): RoomVersionRules | undefined {
    return this.#versions.get(roomId)
  }

  /** The event that a JSON object is, by its ID. */
  of(json: JsonObject): KnownEvent | undefined {
    return this.#events.get(this.idOf(json) ?? '')
  }

  /** The ID of an event, with or without the headers that components add. */
  idOf({ _event_id, _room_version, ...json }: JsonObject): string | undefined {
    if (!('auth_events' in json && 'hashes' in json)) return undefined
    const rules = this.rulesOf(textOf(json['room_id']))
    return textOf(_event_id) || (rules && idOf(json, rules))
  }

  /** The types of all events up to these, themselves included; `undefined` where one of them is not known. */
  typesUpTo(ids: readonly string[]): ReadonlySet<string> | undefined {
    const walked = new Set(ids)
    const types = new Set<string>()
    for (const id of walked) {
      const event = this.#events.get(id)
      if (event === undefined) return undefined
      types.add(textOf(event.json['type']))
      for (const prev of referencesOf(event.json['prev_events'])) walked.add(prev)
    }
    return types
  }

  /** IDs of a list of events. */
  idsIn(events: JsonValue | undefined): readonly string[] {
    const objects = Array.isArray(events) ? events.filter(isJsonObject) : []
    return objects.map((json) => this.of(json)?.id).filter((id) => id !== undefined)
  }

  #learnVersions(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.#learnVersions(item)
    if (!isJsonObject(value)) return
    const rules = roomVersion(textOf(value['_room_version'] ?? value['RoomVersion']))
    const room = textOf(value['room_id'] ?? value['RoomID'])
    if (rules !== undefined && room !== '') this.#versions.set(room, rules)
    else for (const member of Object.values(value)) this.#learnVersions(member)
  }

  #collect(value: unknown, step: number): void {
    if (Array.isArray(value)) for (const item of value) this.#collect(item, step)
    if (!isJsonObject(value)) return
    if ('auth_events' in value && 'hashes' in value) this.#add(value, step)
    else for (const member of Object.values(value)) this.#collect(member, step)
  }

  #add(event: JsonObject, step: number): void {
    const { _event_id, _room_version, unsigned: _, ...json } = event
    const rules = this.#versions.get(textOf(json['room_id']))
    if (rules === undefined) return
    const id = textOf(_event_id) || idOf(json, rules)
    const known = this.#events.get(id)
    if (id === '' || (known !== undefined && known.since <= step)) return
    this.#events.set(id, { id, json: known?.json ?? json, rules, since: step })
  }
}

/** Answers to questions may have events without what was redacted of them. */
function isQuestion({ kind }: RecordedLine): boolean {
  return kind === 'query' || kind === 'operation'
}

function idOf(json: JsonObject, rules: RoomVersionRules): string {
  try {
    return eventIdOf(json, rules)
  } catch {
    return ''
  }
}

/** IDs of the events that a member such as `prev_events` refers to. */
export function referencesOf(refs: JsonValue | undefined): readonly string[] {
  return Array.isArray(refs) ? refs.map((item) => textOf(Array.isArray(item) ? item[0] : item)) : []
}
