import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
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
 */
export function readEventFile(text: string): EventFile {
  const whole = parsed(text)
  if (whole === undefined) return scenarioIn(text) ?? eventLines(text)
  if (Array.isArray(whole)) return fileOf(whole, {})
  return isJsonObject(whole) ? objectFile(whole) : fileOf([], {})
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

/** One event a line; empty lines are passed over. */
function eventLines(text: string): EventFile {
  const faults: string[] = []
  const events: JsonValue[] = []
  let number = 0
  for (const line of linesOf(text)) {
    number++
    if (line.trim() === '') continue
    const event = parsed(line)
    if (event === undefined) faults.push(`line ${number}: not valid JSON`)
    else events.push(event)
  }
  const file = fileOf(events, {})
  return { ...file, faults: [...faults, ...file.faults].slice(0, MAX_FAULTS) }
}

function* linesOf(text: string): Generator<string> {
  let from = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
    yield text.slice(from, end)
    from = end + 1
  }
  yield text.slice(from)
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
      faults.push(`element ${at + 1}: not an event`)
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
  return { events, roomVersion: version, isState, faults: faults.slice(0, MAX_FAULTS) }
}

/** An event without what the internal API adds to it. Most files have none of that, and copying takes time. */
function withoutHeaders({ _event_id, _room_version, ...members }: JsonObject): JsonObject {
  return members
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}
