import type { RoomEvent } from './room-event.ts'

/** A user in the current state of a room. */
export interface Member {
  readonly userId: string
  /** `join`, `invite`, `knock`, `leave` or `ban`. */
  readonly membership: string
  readonly displayName?: string
  /** The membership event. */
  readonly event: RoomEvent
}

/** The members that a state has, those who have left included. */
export function membersOf(state: readonly RoomEvent[]): readonly Member[] {
  return state.flatMap((event) => {
    const { type, state_key: userId, content } = event
    if (type !== 'm.room.member' || userId === undefined) return []
    const { membership, displayname } = content
    const profile = typeof displayname === 'string' ? { displayName: displayname } : {}
    return [{ userId, membership: typeof membership === 'string' ? membership : 'leave', ...profile, event }]
  })
}
