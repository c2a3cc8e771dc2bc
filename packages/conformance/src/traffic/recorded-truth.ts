import { type Pdu, trustedPdu } from '@roomserver/events'
import { isJsonObject, type JsonObject } from '@roomserver/types'
import { type RoomVersionRules, roomVersion } from '@roomserver/version'
import { textOf } from '../json-text.ts'
import { isAllowed } from '../reference-resolution/checks.ts'
import { resolveSlowly } from '../reference-resolution/resolve-slowly.ts'
import { keyOf, type Room, type State } from '../reference-resolution/state.ts'
import type { RecordedLine } from './recording.ts'

/** What the specification makes of the recorded events. */
export interface RecordedTruth {
  /** Rooms whose state the recorded server had wrong, and the step from which on. */
  readonly resets: ReadonlyMap<string, number>
  /** The state after events of a room; `undefined` where the recording does not tell. */
  stateAfter(roomId: string, eventIds: readonly string[]): State | undefined
}

/**
 * Finds the rooms in which the recorded server resolved branches to another state than the specification does, and
 * the step from which on it was wrong. Worked out from the recorded events alone, by the slow transcription of the
 * algorithms; a room whose past the recording does not hold is not judged.
 */
export function recordedTruth(lines: readonly RecordedLine[]): RecordedTruth {
  const rooms = new Map<string, RoomTruth>()
  const resets = new Map<string, number>()
  for (const line of lines) {
    if (line.kind === 'input' && isJsonObject(line.input['event'])) {
      const roomId = textOf(line.input['event']['room_id'])
      const room = rooms.get(roomId) ?? new RoomTruth()
      rooms.set(roomId, room)
      room.takeIn(line.input, line.input['event'])
    }
    const output = line.kind === 'output' ? line.payload['new_room_event'] : undefined
    if (!isJsonObject(output) || !isJsonObject(output['event'])) continue
    const roomId = textOf(output['event']['room_id'])
    if (rooms.get(roomId)?.agreesWith(output) === false && !resets.has(roomId)) resets.set(roomId, line.step)
  }
  return { resets, stateAfter: (roomId, ids) => rooms.get(roomId)?.stateAfter(ids) }
}

/**
 * The same for a server that is given the recorded inputs: the rooms in which what it announced is not what the
 * specification gives.
 */
export function announcedResets(
  lines: readonly RecordedLine[],
  outputs: readonly JsonObject[],
): ReadonlyMap<string, number> {
  const byEvent = new Map<string, JsonObject>()
  for (const payload of outputs) {
    const output = payload['new_room_event']
    const event = isJsonObject(output) ? output['event'] : undefined
    if (isJsonObject(event)) byEvent.set(textOf(event['_event_id']), payload)
  }
  const announced = lines.flatMap((line): readonly RecordedLine[] => {
    if (line.kind !== 'input' || !isJsonObject(line.input['event'])) return []
    const id = textOf(line.input['event']['_event_id'])
    const payload = byEvent.get(id)
    byEvent.delete(id)
    return payload === undefined ? [line] : [line, { kind: 'output', step: line.step, payload }]
  })
  return recordedTruth(announced).resets
}

/** What a room is by the specification, as far as the recording tells. */
class RoomTruth {
  readonly #events = new Map<string, Pdu>()
  readonly #rejected = new Set<string>()
  readonly #after = new Map<string, State>()
  readonly #extremities = new Set<string>()
  readonly #recorded = new Set<string>()
  #rules: RoomVersionRules | undefined
  #current: State = new Map()
  #isKnown = true

  readonly #room: Room = {
    event: (id) => this.#events.get(id),
    isRejected: (id) => this.#rejected.has(id),
    chain: 'production',
  }

  takeIn(input: JsonObject, event: JsonObject): void {
    const { _room_version: version, _event_id: id, ...rest } = event
    this.#rules ??= roomVersion(textOf(version))
    if (this.#rules === undefined) return
    const pdu = trustedPdu(rest, textOf(id), this.#rules)
    if (this.#after.has(pdu.eventId)) return
    this.#events.set(pdu.eventId, pdu)
    if (input['kind'] !== 2) return
    const before = input['has_state'] === true ? this.#given(input) : this.stateAfter(pdu.prevEvents)
    if (before === undefined) this.#isKnown = false
    else {
      if (input['has_state'] === true) this.#extremities.clear()
      this.#place(pdu, before)
    }
  }

  /** The state after these events, which may be of different branches. */
  stateAfter(ids: readonly string[]): State | undefined {
    const states = ids.map((id) => this.#after.get(id))
    const known = states.filter((state) => state !== undefined)
    return known.length < states.length ? undefined : this.#resolve(known)
  }

  /** Follows what the recorded server said of its state, and compares. */
  agreesWith(output: JsonObject): boolean {
    if (output['rewrites_state'] === true) this.#recorded.clear()
    for (const id of texts(output['removes_state_event_ids'])) this.#recorded.delete(id)
    for (const id of texts(output['adds_state_event_ids'])) this.#recorded.add(id)
    if (!this.#isKnown) return true
    const truth = [...this.#current.values()].map((pdu) => pdu.eventId)
    return truth.length === this.#recorded.size && truth.every((id) => this.#recorded.has(id))
  }

  #given(input: JsonObject): State | undefined {
    const events = texts(input['state_event_ids']).map((id) => this.#events.get(id))
    const known = events.filter((pdu) => pdu !== undefined)
    if (known.length < events.length) return undefined
    return new Map(known.map((pdu) => [keyOf(pdu.type, pdu.stateKey ?? ''), pdu]))
  }

  #place(pdu: Pdu, before: State): void {
    const isNew = this.#extremities.size > 0
    if (!isAllowed(pdu, before, this.#room)) {
      this.#rejected.add(pdu.eventId)
      this.#after.set(pdu.eventId, before)
      return
    }
    const after =
      pdu.stateKey === undefined ? before : new Map([...before, [keyOf(pdu.type, pdu.stateKey), pdu]])
    this.#after.set(pdu.eventId, after)
    if (isNew && !isAllowed(pdu, this.#current, this.#room)) return
    for (const id of pdu.prevEvents) this.#extremities.delete(id)
    this.#extremities.add(pdu.eventId)
    this.#current = this.#resolve([...this.#extremities].map((id) => this.#after.get(id) ?? new Map()))
  }

  #resolve(states: readonly State[]): State {
    const [first] = states
    if (first === undefined || this.#rules === undefined) return new Map()
    return states.length === 1 ? first : resolveSlowly(states, this.#rules, this.#room)
  }
}

function texts(value: JsonObject[string]): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
