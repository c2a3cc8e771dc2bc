import { isJsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import { keyOf } from '@roomserver/testing/reference-resolution'
import { type Finding, isSameSet, type Truth } from './departure.ts'
import { referencesOf } from './known-events.ts'

/** Queries whose answer is drawn from many rooms, whether or not the request names them. */
const OVER_ROOMS = /\/(querySharedUsers|queryRoomsForUser|queryKnownUsers|queryBulkStateContent)$/

/**
 * Whether a difference comes of the recorded server's having the state of the room wrong, and ours right: entries that
 * only ours has are in the state that the specification gives, and those that only the recorded server has are not.
 */
export function isAfterReset(finding: Finding, truth: Truth): boolean {
  const { of, problem, request } = finding
  if (problem === 'content') return isTrueChange(finding, truth)
  if (problem !== 'answer') return false
  const text = JSON.stringify(request)
  const rooms = truth.resets.filter((room) => text.includes(room))
  if (OVER_ROOMS.test(of)) return truth.resets.length > 0
  const [room] = rooms
  if (room === undefined) return false
  if (of.endsWith('/queryMembershipForUser')) return isTrueMembership(finding, room, truth)
  return isTrueAnswer(finding, room, truth)
}

function isTrueChange({ of, request, difference }: Finding, { resets, ours, standingAfter }: Truth): boolean {
  const roomId = textOf(request)
  if (!resets.includes(roomId) || !/^(adds|removes)_state_event_ids$/.test(difference?.path ?? ''))
    return false
  const id = of.slice(of.lastIndexOf(' ') + 1)
  const truth = standingAfter(roomId, id)?.state
  return truth !== undefined && isSameSet(ours.stateAfter(id), idsOf(truth))
}

function isTrueAnswer({ of, request, difference }: Finding, room: string, truth: Truth): boolean {
  const state = of.endsWith('/queryStateAndAuthChain')
    ? truth.stateAfter(room, referencesOf(isJsonObject(request) ? request['prev_event_ids'] : []))
    : truth.standing(room)?.state
  if (state === undefined || difference === undefined) return false
  const ids = idsOf(state)
  const [onlyRecorded, onlyOurs] = [eventIdsIn(difference.expected), eventIdsIn(difference.got)]
  if (onlyRecorded.length + onlyOurs.length === 0) return false
  return onlyOurs.every((id) => ids.has(id)) && !onlyRecorded.some((id) => ids.has(id))
}

function isTrueMembership({ request, got }: Finding, room: string, { standing }: Truth): boolean {
  if (!isJsonObject(request) || !isJsonObject(got)) return false
  const member = standing(room)?.state.get(keyOf('m.room.member', textOf(request['user_id'])))
  if (member === undefined || got['event_id'] !== member.eventId) return false
  const { membership } = member.content
  return got['membership'] === membership && got['is_in_room'] === (membership === 'join')
}

function idsOf(state: ReadonlyMap<string, { readonly eventId: string }>): ReadonlySet<string> {
  return new Set([...state.values()].map(({ eventId }) => eventId))
}

/** IDs of the events in an answer. */
function eventIdsIn(value: JsonValue | undefined): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(eventIdsIn)
  if (!isJsonObject(value)) return []
  const id = value['_event_id'] ?? value['event_id']
  return typeof id === 'string' ? [id] : Object.values(value).flatMap(eventIdsIn)
}
