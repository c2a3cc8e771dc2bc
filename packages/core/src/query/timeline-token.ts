import { type EventId, isLongerThan } from '@roomserver/types'
import { invalidArgument } from './failures.ts'

/** Where a reading of a timeline goes on. */
export interface TimelinePosition {
  /** Events that come next, of those that are known to come. */
  readonly pending: readonly EventId[]
  /** Events to which the reading went back although their depth says that they came before. */
  readonly returnedTo: readonly EventId[]
}

/** The longest token that is looked at, in bytes. */
const MAX_TOKEN_BYTES = 4 * 1024 * 1024
const MAX_ID_BYTES = 255

/** The position as a text that callers hand back. */
export function tokenOf({ pending, returnedTo }: TimelinePosition): string {
  return Buffer.from(JSON.stringify([pending, returnedTo])).toString('base64url')
}

/** @throws {RoomserverError} INVALID_ARGUMENT when it is not a token of {@link tokenOf} */
export function positionOf(token: string): TimelinePosition {
  const lists = isLongerThan(token, MAX_TOKEN_BYTES) ? undefined : listsIn(token)
  const [pending, returnedTo] = lists ?? []
  if (isIdList(pending) && isIdList(returnedTo)) return { pending, returnedTo }
  throw invalidArgument('from', 'a token of an earlier page', 'from: expected a token of an earlier page')
}

function listsIn(token: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    return Array.isArray(value) && value.length === 2 ? value : undefined
  } catch {
    return undefined
  }
}

function isIdList(value: unknown): value is readonly EventId[] {
  return Array.isArray(value) && value.every((id) => typeof id === 'string' && id.length <= MAX_ID_BYTES)
}
