import { PerformErrorCode } from '@roomserver/api'
import { isFailure, type RoomId, RoomserverError } from '@roomserver/types'
import { invalidArgument, roomNotFound } from '../query/failures.ts'
import { Refusal } from './refusal.ts'

/** What was asked for, for the failure's details. */
export interface Asked {
  /** Such as `join`. */
  readonly operation: string
  readonly roomId: RoomId
}

/** Does the work for a caller in process, who gets refusals as failures with a code. */
export async function withTypedFailures<Result>(asked: Asked, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Refusal ? failureFor(error, asked) : error
  }
}

/** A 403: the other server says that the user may not. */
const FORBIDDEN = 403

function failureFor(
  { message, cause, performError }: Refusal,
  { operation, roomId }: Asked,
): RoomserverError {
  if (isFailure(cause)) return cause
  const { Code: code, RemoteCode: status } = performError
  const isForbidden = code === PerformErrorCode.remote && status === FORBIDDEN
  if (code === PerformErrorCode.notAllowed || isForbidden) {
    return new RoomserverError('NOT_ALLOWED', { rule: operation, reason: message }, message)
  }
  if (code === PerformErrorCode.badRequest) return invalidArgument(operation, 'what can be done', message)
  if (code === PerformErrorCode.noRoom) return roomNotFound(roomId, message)
  const details = { component: 'federation', operation, reason: message }
  return new RoomserverError('COMPONENT_FAILED', details, message)
}
