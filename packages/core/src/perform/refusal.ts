import { type PerformError, PerformErrorCode } from '@roomserver/api'
import { isFailure, type RoomId } from '@roomserver/types'
import type { PerformContext } from './context.ts'

/** An operation is refused for a reason that its caller acts upon. Becomes the `Error` of the answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly performError: PerformError

  /** @param options - `cause`: the failure that this is for callers who get no answer of the wire */
  constructor(code: keyof typeof PerformErrorCode, message: string, remoteCode = 0, options?: ErrorOptions) {
    super(message, options)
    this.performError = { Msg: message, RemoteCode: remoteCode, Code: PerformErrorCode[code] }
  }
}

/** Does the work, and makes a refusal, or the lack of another component, an answer. Other failures go on. */
export async function unlessRefused<Answer>(
  work: () => Promise<Answer>,
  refused: (error: PerformError) => Answer,
): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal) return refused(error.performError)
    if (isFailure(error, 'COMPONENT_NOT_CONFIGURED') || isFailure(error, 'COMPONENT_FAILED')) {
      return refused(new Refusal('unclassified', error.message).performError)
    }
    throw error
  }
}

/** @throws {Refusal} for a room that an operator blocked */
export async function refuseBlocked({ input }: Pick<PerformContext, 'input'>, roomId: RoomId): Promise<void> {
  try {
    await input.blockedRooms.load()
    input.blockedRooms.refuse(roomId)
  } catch (cause) {
    if (!isFailure(cause, 'ROOM_BLOCKED')) throw cause
    throw new Refusal('notAllowed', cause.message, 0, { cause })
  }
}

/**
 * Whether another server's answer says that what this server sent it was wrong. Users can do nothing about that: their clients
 * get a 5xx, and not the other server's 400.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#inviting-to-a-room
 */
export function isInvalidParam(answer: string): boolean {
  return /\bM_(INVALID|MISSING)_PARAM\b/.test(answer)
}
