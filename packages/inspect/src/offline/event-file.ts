import { invalidArgument, isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { type Assembled, JsonAssembler, parsed, TextPiece } from './json-assembler.ts'
import { parseJson5 } from './json5.ts'
import { isScenario, scenarioEvents } from './tardis-scenario.ts'

/** An event of a file, as it stands there. */
export interface FileEvent {
  readonly members: JsonObject
  /** The ID that the file gives it; `undefined`: it follows from its content. */
  readonly eventId: string | undefined
}

/** What a file of events holds. */
export interface EventFile {
  readonly events: readonly FileEvent[]
  /** The room version that the file names; `undefined`: that of the create events. */
  readonly roomVersion: string | undefined
  /** IDs or places of the events that are the state of the room, where the file is an answer of `/state`. */
  readonly isState: boolean
  /** What could not be read, in sentences; at most 20 of them. */
  readonly faults: readonly string[]
}

const MAX_FAULTS = 20

/**
 * Reads a file of events: JSON Lines, a JSON array, an answer of `/state` or `/send_join` with its auth chain (`pdus` or
 * `state`, and `auth_chain`), an answer of `/backfill` or a transaction (`pdus` alone), an auth chain, or a scenario of TARDIS
 * (JSON5 with `tardis_version` and `events`). What the internal API writes, with `_event_id` and `_room_version`, is read too.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is not a text, such as bytes, or what was parsed from it
 */
export function readEventFile(text: string): EventFile {
  if (typeof text !== 'string') throw invalidArgument('text', 'the text of a file')
  const bytes = new TextEncoder().encode(text)
  const whole = new JsonAssembler()
  whole.push(bytes)
  const assembled = whole.end()
  if (assembled.kind === 'value') return valueFile(assembled)
  const scenario = assembled.kind === 'unreadable' ? scenarioIn(text) : undefined
  if (scenario !== undefined) return scenario
  const lines = new EventLines()
  lines.push(bytes)
  return lines.end()
}

/** Scenarios of TARDIS are written by hand. */
const MAX_SCENARIO_BYTES = 16 * 1024 * 1024

/**
 * Reads a file of events as {@link readEventFile} does, from its bytes: no more than one event is held as text.
 *
 * @param open - the bytes from the beginning; called again where the format turns out to be another one
 * @throws {RoomserverError} INVALID_ARGUMENT when it is not a function, such as a stream
 */
export async function readEventStream(open: () => AsyncIterable<Uint8Array>): Promise<EventFile> {
  if (typeof open !== 'function')
    throw invalidArgument('open', 'a function that begins to read the bytes of a file')
  const whole = new JsonAssembler()
  for await (const bytes of open()) {
    whole.push(bytes)
    if (whole.isOver) break
  }
  const assembled = whole.end()
  if (assembled.kind === 'value') return valueFile(assembled)
  if (assembled.kind === 'unreadable') {
    const text = await shortText(open())
    const scenario = text === undefined ? undefined : scenarioIn(text)
    if (scenario !== undefined) return scenario
  }
  const lines = new EventLines()
  for await (const bytes of open()) lines.push(bytes)
  return lines.end()
}

/** The text of a file; `undefined`: it is too long for a scenario. */
async function shortText(chunks: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const bytes of chunks) {
    length += bytes.length
    if (length > MAX_SCENARIO_BYTES) return undefined
    text += decoder.decode(bytes, { stream: true })
  }
  return text + decoder.decode()
}

function valueFile({ faults, value }: Assembled & { readonly kind: 'value' }): EventFile {
  const file = isJsonObject(value) ? objectFile(value) : fileOf(Array.isArray(value) ? value : [], {})
  return { ...file, faults: [...faults, ...file.faults].slice(0, MAX_FAULTS) }
}

function objectFile(file: JsonObject): EventFile {
  const { auth_chain: chain, events, pdus, room_version: version, state } = file
  if (isScenario(file)) return scenarioFile(file)
  const roomVersion = typeof version === 'string' ? version : undefined
  if (Array.isArray(events)) return fileOf(events, { roomVersion })
  const auth: readonly JsonValue[] | undefined = Array.isArray(chain) ? chain : undefined
  if (Array.isArray(state)) return fileOf([...(auth ?? []), ...state], { roomVersion, isState: true })
  if (Array.isArray(pdus))
    return fileOf([...(auth ?? []), ...pdus], { roomVersion, isState: auth !== undefined })
  return fileOf(auth ?? [file], { roomVersion })
}

/** Lines of JSON begin with a whole object each. What does not, and is not JSON either, may be JSON5. */
function scenarioIn(text: string): EventFile | undefined {
  if (!text.includes('tardis_version')) return undefined
  const file = parseJson5(text)
  return file !== undefined && isJsonObject(file) && isScenario(file) ? scenarioFile(file) : undefined
}

function scenarioFile(file: JsonObject): EventFile {
  const { events, roomVersion } = scenarioEvents(file)
  return fileOf(events, { roomVersion })
}

const LINE_END = 0x0a

/** Longer lines are passed over. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

/** Events one a line; empty lines are passed over. */
class EventLines {
  readonly #line = new TextPiece(MAX_LINE_BYTES)
  readonly #events: JsonValue[] = []
  readonly #faults: string[] = []
  #number = 0

  push(bytes: Uint8Array): void {
    let from = 0
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, from)) {
      this.#line.add(bytes.subarray(from, end))
      from = end + 1
      this.#endLine()
    }
    this.#line.add(bytes.subarray(from))
  }

  end(): EventFile {
    this.#endLine()
    const file = fileOf(this.#events, {})
    return { ...file, faults: [...this.#faults, ...file.faults].slice(0, MAX_FAULTS) }
  }

  #endLine(): void {
    this.#number++
    const { isTooLong } = this.#line
    const text = this.#line.take()
    const event = isTooLong ? undefined : parsed(text)
    if (event !== undefined) this.#events.push(event)
    else if (isTooLong || text.trim() !== '')
      this.#fault(
        `line ${this.#number}: ${isTooLong ? `more than ${MAX_LINE_BYTES} bytes` : 'not valid JSON'}`,
      )
  }

  #fault(text: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(text)
  }
}

function fileOf(
  values: readonly JsonValue[],
  { isState = false, roomVersion }: { readonly isState?: boolean; readonly roomVersion?: string | undefined },
): EventFile {
  const events: FileEvent[] = []
  const faults: string[] = []
  let version = roomVersion
  for (const [at, value] of values.entries()) {
    // Exports of some servers hold the event in a member of its own.
    const inner = isJsonObject(value) && isJsonObject(value['pdu']) ? value['pdu'] : value
    if (!isJsonObject(inner) || typeof inner['type'] !== 'string') {
      if (faults.length < MAX_FAULTS) faults.push(`element ${at + 1}: not an event`)
      continue
    }
    const { _event_id: given, _room_version: hint, event_id: own } = inner
    const outer = isJsonObject(value) ? value['event_id'] : undefined
    if (typeof hint === 'string') version ??= hint
    const eventId = [given, own, outer].find((id) => typeof id === 'string')
    events.push({
      members: given === undefined && hint === undefined ? inner : withoutHeaders(inner),
      eventId,
    })
  }
  return { events, roomVersion: version, isState, faults }
}

/** An event without what the internal API adds to it. Most files have none of that, and copying takes time. */
function withoutHeaders({ _event_id, _room_version, ...members }: JsonObject): JsonObject {
  return members
}
