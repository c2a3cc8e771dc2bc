import { isJsonObject, type JsonObject } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import { compareAnswers, type Difference } from './compare.ts'

/** What an output is about: its kind and the event (or user) in it; unique within a room but for repeats. */
function outputKey(payload: JsonObject): string {
  const content = contentOf(payload)
  const event = eventOf(content)
  const retired = `${textOf(content['EventID'])} by ${textOf(content['RetiredByEventID'])}`
  const about = event?.['_event_id'] ?? content['UserID'] ?? content['PeekID'] ?? retired
  return `${textOf(payload['type'])} ${textOf(about)}`
}

function contentOf(payload: JsonObject): JsonObject {
  const content = payload[textOf(payload['type'])]
  return isJsonObject(content) ? content : {}
}

function eventOf(content: JsonObject): JsonObject | undefined {
  const event = content['event'] ?? content['RedactedBecause']
  return isJsonObject(event) ? event : undefined
}

/** Sorts outputs into rooms. A retired invite does not name its room; the invite does. */
export function outputsByRoom(payloads: readonly JsonObject[]): ReadonlyMap<string, readonly JsonObject[]> {
  const roomOfInvite = new Map<string, string>()
  const rooms = new Map<string, JsonObject[]>()
  for (const payload of payloads) {
    const content = contentOf(payload)
    const event = eventOf(content)
    const named = textOf(event?.['room_id'] ?? content['RoomID'])
    const room = named || (roomOfInvite.get(textOf(content['EventID'])) ?? 'no room')
    if (event !== undefined) roomOfInvite.set(textOf(event['_event_id']), room)
    rooms.set(room, [...(rooms.get(room) ?? []), payload])
  }
  return rooms
}

/** A difference between the outputs of a room. */
export interface OutputDifference {
  readonly room: string
  readonly key: string
  readonly problem: 'missing' | 'extra' | 'content' | 'order'
  readonly differences: readonly Difference[]
  readonly expected?: JsonObject
  readonly got?: JsonObject
}

/** Compares two servers' outputs of one room: the same ones, in the same order, with the same content. */
export function compareOutputs(
  room: string,
  expected: readonly JsonObject[],
  got: readonly JsonObject[],
): readonly OutputDifference[] {
  const waiting = new Map<string, JsonObject[]>()
  for (const payload of got) {
    const key = outputKey(payload)
    waiting.set(key, [...(waiting.get(key) ?? []), payload])
  }
  const found: OutputDifference[] = []
  const pairs: { key: string; gotIndex: number }[] = []
  for (const payload of expected) {
    const key = outputKey(payload)
    const match = waiting.get(key)?.shift()
    if (match === undefined) {
      found.push({ room, key, problem: 'missing', differences: [], expected: payload })
      continue
    }
    pairs.push({ key, gotIndex: got.indexOf(match) })
    const differences = compareAnswers(contentOf(payload), contentOf(match), false)
    if (differences.length > 0) {
      found.push({ room, key, problem: 'content', differences, expected: payload, got: match })
    }
  }
  for (const [key, extra] of waiting) {
    for (const payload of extra) found.push({ room, key, problem: 'extra', differences: [], got: payload })
  }
  return [...found, ...outOfOrder(room, pairs)]
}

/** Invites that end together do so in whatever order: the recorded server goes through them in that of a Go map. */
function isRetirement(key: string): boolean {
  return key.startsWith('retire_invite_event ')
}

function outOfOrder(
  room: string,
  pairs: readonly { key: string; gotIndex: number }[],
): readonly OutputDifference[] {
  let last = -1
  let lastBefore = -1
  const late: OutputDifference[] = []
  for (const [index, { key, gotIndex }] of pairs.entries()) {
    const isAmongAlike = isRetirement(key) && isRetirement(pairs[index - 1]?.key ?? '')
    if (!isAmongAlike) lastBefore = last
    if (gotIndex < lastBefore) late.push({ room, key, problem: 'order', differences: [] })
    last = Math.max(last, gotIndex)
  }
  return late
}
