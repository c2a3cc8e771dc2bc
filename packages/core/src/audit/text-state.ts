import { contentState, eventIdOf } from '@roomserver/events'
import { type EventRecord, isFailure } from '@roomserver/types'
import { type RoomVersionRules, roomVersion } from '@roomserver/version'

/**
 * The condition of the text of a stored event: it is that of its author, or what a redaction leaves of that; only its
 * content was changed, which its ID does not cover; or nothing in it can be believed.
 */
export type TextState = 'intact' | 'content-changed' | 'damaged'

/** Holds the text of a stored event against its ID and its content hash. */
export function textState({ json, eventId }: StoredText, rules: RoomVersionRules): TextState {
  try {
    if (eventIdOf(json, rules) !== eventId) return 'damaged'
    if (contentState(json, rules) !== 'changed') return 'intact'
    return rules.eventId === 'domain' ? 'damaged' : 'content-changed'
  } catch (error) {
    if (isFailure(error, 'MALFORMED_EVENT')) return 'damaged'
    throw error
  }
}

type StoredText = Pick<EventRecord, 'json' | 'eventId'>

/** Whether the text of a stored event is as its author made it, or as a redaction leaves it. */
export function isIntact(event: StoredText, version: string): boolean {
  const rules = roomVersion(version)
  return rules !== undefined && textState(event, rules) === 'intact'
}
