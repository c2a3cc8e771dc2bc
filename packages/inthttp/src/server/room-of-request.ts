/** The members by which requests name a room. */
const NAMES = ['room_id', 'RoomID'] as const

/** No room ID is longer. @see https://spec.matrix.org/v1.19/appendices/#room-ids */
const MAX_LENGTH = 255

/** The room that a request names, for traces and the log. */
export function roomOfRequest(request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null) return undefined
  return NAMES.map((name): unknown => Reflect.get(request, name)).find(
    (value) => typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH,
  ) as string | undefined
}
