import { isJsonObject, type RoomId, type UserId } from '@roomserver/types'

/** What a server asked another one for a template of. */
export interface TemplateRequest {
  readonly roomId: RoomId
  readonly userId: UserId
  readonly membership: 'join' | 'knock' | 'leave'
}

/**
 * Why the template of a membership event that another server answered with must not be signed; `undefined`: it is of the
 * event that was asked for. Whoever signs what it is given lets that server speak in its users' names, in any room.
 *
 * @param template - the `event` of the answer to `make_join`, `make_knock` or `make_leave`
 * @see https://spec.matrix.org/v1.19/server-server-api/#joining-rooms
 */
export function templateFault(template: unknown, asked: TemplateRequest): string | undefined {
  if (!isJsonObject(template)) return 'the template is not a JSON object'
  const content = own(template, 'content')
  const fields: readonly (readonly [string, unknown, string])[] = [
    ['type', own(template, 'type'), 'm.room.member'],
    ['room_id', own(template, 'room_id'), asked.roomId],
    ['sender', own(template, 'sender'), asked.userId],
    ['state_key', own(template, 'state_key'), asked.userId],
    ['content.membership', own(content, 'membership'), asked.membership],
  ]
  const wrong = fields.find(([, value, expected]) => value !== expected)
  if (wrong === undefined) return undefined
  const [name, value, expected] = wrong
  return `the template's ${name} is ${shown(value)}, expected ${JSON.stringify(expected)}`
}

function own(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** A value of another server, short enough for a log. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 255)) : `a value of type ${typeof value}`
}
