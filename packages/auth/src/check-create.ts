import type { Pdu } from '@roomserver/events'
import { isJsonObject, isUserId, serverOf } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { RuleKey } from './rules/table.ts'
import { type AuthVerdict, allowed, refused } from './verdict.ts'

/** The rules for `m.room.create`, which need no state. @see https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules */
export function checkCreate(event: Pdu): AuthVerdict {
  const { content, rules } = event
  const refuse = (key: RuleKey, sentence: () => string) => refused(rules, key, sentence, [])

  if (event.prevEvents.length > 0) {
    return refuse(
      'create/prev-events',
      () => `a create event is the first of its room, this one follows others`,
    )
  }
  const room = checkRoomId(event)
  if (room !== undefined) return room
  const version = content['room_version']
  if (version !== undefined && (typeof version !== 'string' || roomVersion(version) === undefined)) {
    return refuse('create/version', () => `${JSON.stringify(version)} is no known room version`)
  }
  if (rules.auth.creator === 'content' && content['creator'] === undefined) {
    return refuse('create/creator', () => 'the content names no creator')
  }
  if (rules.auth.creatorsOutrankAll && !areUsers(content['additional_creators'])) {
    return refuse('create/additional-creators', () => 'additional_creators is not a list of user IDs')
  }
  return allowed(rules, 'create/otherwise')
}

function checkRoomId(event: Pdu): AuthVerdict | undefined {
  const { roomId, rules, sender } = event
  if (rules.roomId === 'create-hash') {
    if (!namesRoom(event.json)) return undefined
    return refused(
      rules,
      'create/room-id',
      () => 'the event names a room, but its own hash is the room ID',
      [],
    )
  }
  if (serverOf(roomId) === serverOf(sender)) return undefined
  return refused(rules, 'create/room-domain', () => `${roomId} and ${sender} are of different servers`, [])
}

/** Tells whether the event itself carries a `room_id`. Create events are few, so reading the text again is cheap. */
function namesRoom(json: string): boolean {
  try {
    const event: unknown = JSON.parse(json)
    return isJsonObject(event) && event['room_id'] !== undefined
  } catch {
    return true
  }
}

function areUsers(creators: unknown): boolean {
  if (creators === undefined) return true
  return Array.isArray(creators) && creators.every((user) => typeof user === 'string' && isUserId(user))
}
