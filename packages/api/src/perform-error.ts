import type { z } from 'zod'
import { int, struct, text } from './wire/builders.ts'

/** What callers act upon when an operation was refused. Answered with status 200. */
export const PerformErrorCode = {
  unclassified: 0,
  notAllowed: 1,
  badRequest: 2,
  noRoom: 3,
  /** There is nothing to do: the request describes the current state. */
  noOperation: 4,
  /** Another server refused: `RemoteCode` is its HTTP status, `Msg` its body. */
  remote: 5,
} as const

/** Why an operation was refused. */
export const PerformError = struct('api.PerformError', {
  Msg: text('A sentence, or the body of the other server.'),
  RemoteCode: int('HTTP status of the other server; 0 when none was asked.'),
  Code: int(
    '0 unclassified, 1 not allowed, 2 bad request, 3 no such room, 4 no operation, 5 remote.',
    'api.PerformErrorCode',
  ),
})
export type PerformError = z.infer<typeof PerformError>

/** Says that an operation was asked for what cannot be. */
export function badRequestError(message: string): PerformError {
  return { Msg: message, RemoteCode: 0, Code: PerformErrorCode.badRequest }
}
