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

/**
 * The whole numbers of a cursor; `undefined` for the empty one.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it was not made by {@link cursorOf} of as many numbers
 */
export function numbersOf(cursor: string, count: number): readonly number[] | undefined {
  if (cursor === '') return undefined
  const numbers = cursor.split('.').map((part) => (/^\d{1,15}$/.test(part) ? Number(part) : Number.NaN))
  if (numbers.length === count && numbers.every(Number.isSafeInteger)) return numbers
  throw invalidArgument('cursor', '`next` of an earlier page')
}

/** A cursor that holds whole numbers. */
export function cursorOf(...numbers: readonly number[]): string {
  return numbers.join('.')
}
