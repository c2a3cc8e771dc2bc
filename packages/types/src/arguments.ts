import { RoomserverError } from './errors.ts'

/** The failure for an argument that is not what it should be. Callers without types can pass anything. */
export function invalidArgument(argument: string, expected: string): RoomserverError<'INVALID_ARGUMENT'> {
  const message = `${argument}: expected ${expected}`
  return new RoomserverError('INVALID_ARGUMENT', { argument, expected }, message)
}
