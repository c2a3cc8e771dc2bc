import { invalidArgument } from '../failures.ts'

/**
 * How many elements a page has.
 *
 * @param asked - 0: as many as is usual
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export function pageSize(
  asked: number,
  { usual, most }: { readonly usual: number; readonly most: number },
): number {
  if (asked === 0) return usual
  if (asked >= 1 && asked <= most) return asked
  throw invalidArgument('limit', `a number from 1 to ${most}`)
}
