import type { Pdu } from '@roomserver/events'
import type { HistoryVisibility } from './history-visibility.ts'

/** Whether somebody may see an event, and by which of the five rules of the specification. */
export interface VisibilityVerdict {
  readonly visible: boolean
  /** `history-visibility 3`: the number of the rule that decided. */
  readonly rule: string
  /** A sentence for people; made when it is read. */
  readonly reason: string
}

/** What somebody was to the room when an event was sent, as far as seeing it goes. */
export interface Viewpoint {
  /** The visibility before the event, and behind it the one after, when the event changes it. */
  readonly visibilities: readonly HistoryVisibility[]
  /** The viewer's memberships before the event, and after it when the event changes them. */
  readonly memberships: readonly string[]
  readonly joinedLater: boolean
}

/** The five rules, in order. */
export function judgeVisibility(viewer: string, view: Viewpoint): VisibilityVerdict {
  const { memberships, visibilities } = view
  const was = (visibility: HistoryVisibility) => visibilities.includes(visibility)
  if (was('world_readable')) return verdict(true, 1, () => 'the history was open to the world')
  if (memberships.includes('join')) return verdict(true, 2, () => `${viewer} was joined`)
  if (was('shared') && view.joinedLater) {
    return verdict(true, 3, () => `the history was shared, and ${viewer} joined later`)
  }
  if (was('invited') && memberships.includes('invite')) {
    return verdict(true, 4, () => `${viewer} was invited, and the history was open to the invited`)
  }
  const later = view.joinedLater ? 'joined later' : 'has not joined since'
  return verdict(
    false,
    5,
    () =>
      `the history visibility was ${visibilities.join(' or ')}; ${viewer} was not joined (membership: ${memberships.join(', ') || 'none'}) and ${later}`,
  )
}

/** The verdict on an event by the state of another room, or of a room of another version. */
export function notInThisState({ eventId, roomId }: Pdu, entry: Pdu): VisibilityVerdict {
  const other = entry.roomId === roomId ? `version ${entry.rules.version}` : entry.roomId
  return verdict(false, 5, () => `${entry.eventId} in the state is of ${other}, which ${eventId} is not of`)
}

function verdict(visible: boolean, step: number, sentence: () => string): VisibilityVerdict {
  return {
    visible,
    rule: `history-visibility ${step}`,
    get reason() {
      return sentence()
    },
  }
}
