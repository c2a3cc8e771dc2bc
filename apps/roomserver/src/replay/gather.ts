import { type Pdu, parsePdu } from '@roomserver/events'
import { isJsonObject, type JsonObject } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { Line } from './read-pdus.ts'

/** An event that no room could hold, or that no rules are known for. */
export interface Refusal {
  readonly line: Line
  readonly rule: string
  readonly reason: string
}

export interface Gathered {
  readonly pdus: readonly Pdu[]
  readonly refused: readonly Refusal[]
}

/** Finds the version of a room whose create event is not in the files. */
export type VersionFinder = (roomId: string) => Promise<string | undefined>

/** Reads events of any number of rooms, in any order: which rules apply is known only when all create events are. */
export async function gatherPdus(lines: AsyncIterable<Line>, findVersion: VersionFinder): Promise<Gathered> {
  const events: { readonly line: Line; readonly event: JsonObject }[] = []
  const refused: Refusal[] = []
  const versions = new Map<string, string>()
  for await (const line of lines) {
    const event = parseObject(line.text)
    if (event === undefined) {
      refused.push({ line, rule: 'json', reason: 'the line is not a JSON object' })
    } else {
      learnVersion(line.text, event, versions)
      events.push({ line, event })
    }
  }
  const pdus: Pdu[] = []
  for (const { line, event } of events) {
    const verdict = await parse(line.text, event, versions, findVersion)
    if ('pdu' in verdict) pdus.push(verdict.pdu)
    else refused.push({ line, ...verdict })
  }
  return { pdus, refused }
}

async function parse(
  text: string,
  event: JsonObject,
  versions: Map<string, string>,
  findVersion: VersionFinder,
): Promise<{ readonly pdu: Pdu } | { readonly rule: string; readonly reason: string }> {
  const roomId = typeof event['room_id'] === 'string' ? event['room_id'] : ''
  const version = isCreate(event)
    ? createdVersion(event)
    : (versions.get(roomId) ?? (await findVersion(roomId)))
  if (version === undefined) return { rule: 'room', reason: 'the create event of its room is missing' }
  versions.set(roomId, version)
  const rules = roomVersion(version)
  if (rules === undefined) return { rule: 'version', reason: `no room version ${JSON.stringify(version)}` }
  const verdict = parsePdu(withoutHeader(text), rules)
  return verdict.ok ? { pdu: verdict.pdu } : { rule: verdict.rule, reason: verdict.reason }
}

/** What a line tells about the version of its room. */
function learnVersion(text: string, event: JsonObject, versions: Map<string, string>): void {
  const hint = event['_room_version']
  const roomId = event['room_id']
  if (typeof hint === 'string' && typeof roomId === 'string') versions.set(roomId, hint)
  if (!isCreate(event)) return
  const version = createdVersion(event)
  const rules = roomVersion(version)
  const verdict = rules === undefined ? undefined : parsePdu(withoutHeader(text), rules)
  if (verdict?.ok === true) versions.set(verdict.pdu.roomId, version)
  else if (typeof roomId === 'string') versions.set(roomId, version)
}

/** One that builds on something does not start a room, whatever it says. */
function isCreate({ type, state_key: stateKey, prev_events: prev }: JsonObject): boolean {
  return type === 'm.room.create' && stateKey === '' && !(Array.isArray(prev) && prev.length > 0)
}

function createdVersion(event: JsonObject): string {
  const content = event['content']
  const version = isJsonObject(content) ? content['room_version'] : undefined
  return typeof version === 'string' ? version : '1'
}

/** As the internal API writes events, room version and ID come last; they are not part of the event. */
function withoutHeader(text: string): string {
  return text.trim().replace(/,\s*"_room_version":\s*"[^"]*",\s*"_event_id":\s*"[^"]*"\s*\}$/, '}')
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
