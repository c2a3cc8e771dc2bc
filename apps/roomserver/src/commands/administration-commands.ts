import type { AdministrationApi } from '@roomserver/api'
import { isJsonObject, type JsonObject, RoomserverError } from '@roomserver/types'
import type { Command } from 'commander'
import { administrate, administrating, type AdministrationOptions, type Asked } from './administrate.ts'
import { purgeHistoryCommand } from './purge-history.ts'
import { purgeRoomCommand } from './purge-room.ts'

/** The commands with which operators change rooms of a running server. */
export function administrationCommands(): readonly Command[] {
  const block = administrating('block', 'refuse new events of a room, and joins of local users')
    .option('--reason <text>', 'what whoever is refused is told', '')
    .action((room: string, options: AdministrationOptions & { readonly reason: string }) =>
      administrate(options, room, (api, asked) => blocked(api, asked, options.reason)),
    )
  const unblock = administrating('unblock', 'take events of a blocked room again').action(
    (room: string, options: AdministrationOptions) => administrate(options, room, unblocked),
  )
  const makeAdmin = administrating(
    'make-admin',
    'give a local user the highest power level that this server can',
  )
    .argument('<user>', 'a user of this server, who is in the room')
    .action((room: string, user: string, options: AdministrationOptions) =>
      administrate(options, room, (api, asked) => madeAdmin(api, asked, user)),
    )
  const send = administrating('send', 'send an event as a user of this server')
    .argument('<user>', 'a user of this server')
    .argument('<type>', 'an event type')
    .argument('<content>', 'the content, as a JSON object')
    .option('-k, --state-key <key>', 'the state key of a state event; may be empty')
    .action((room: string, sender: string, type: string, content: string, options: SendOptions) =>
      administrate(options, room, (api, asked) => sent(api, asked, { sender, type, content, ...options })),
    )
  return [block, unblock, purgeRoomCommand(), purgeHistoryCommand(), makeAdmin, send]
}

interface SendOptions extends AdministrationOptions {
  readonly stateKey?: string
}

async function blocked(api: AdministrationApi, asked: Asked, reason: string): Promise<string> {
  const answer = await api.blockRoom({ ...asked, reason })
  const what = asked.dry_run ? 'would be blocked' : 'is blocked'
  const before = answer.was_blocked ? ' (it was already)' : ''
  return `${asked.room_id} ${what}${before}; ${answer.joined_local_members} local users are in it`
}

async function unblocked(api: AdministrationApi, asked: Asked): Promise<string> {
  const { was_blocked: wasBlocked } = await api.unblockRoom(asked)
  if (!wasBlocked) return `${asked.room_id} is not blocked`
  return `${asked.room_id} ${asked.dry_run ? 'would take' : 'takes'} events again`
}

async function madeAdmin(api: AdministrationApi, asked: Asked, user: string): Promise<string> {
  const answer = await api.makeRoomAdmin({ ...asked, user_id: user })
  if (answer.granted_by === '') return `${user} has the power level ${answer.level_before} already`
  const verb = asked.dry_run ? 'would raise' : 'raised'
  const id = answer.event_id === '' ? '' : ` (${answer.event_id})`
  return `${answer.granted_by} ${verb} the power level of ${user} from ${answer.level_before} to ${answer.level}${id}`
}

async function sent(
  api: AdministrationApi,
  asked: Asked,
  event: {
    readonly sender: string
    readonly type: string
    readonly content: string
    readonly stateKey?: string
  },
): Promise<string> {
  const { sender, stateKey, type } = event
  const answer = await api.sendEventAs({
    ...asked,
    sender,
    type,
    is_state: stateKey !== undefined,
    state_key: stateKey ?? '',
    content: objectIn(event.content),
  })
  return asked.dry_run
    ? `${sender} would send ${type}, which the rules allow`
    : `${sender} sent ${type} (${answer.event_id})`
}

function objectIn(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text, refuseChanged)
    if (isJsonObject(value)) return value
  } catch {
    // Said below.
  }
  const expected = 'a JSON object, with integers between -2^53 and 2^53'
  throw new RoomserverError('BAD_REQUEST', { path: 'content', expected }, `content: expected ${expected}`)
}

/** A number that JavaScript cannot hold would be sent as another one, or as null. */
function refuseChanged(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  if (Number.isFinite(value) && !Number.isInteger(value)) return value
  throw new RangeError('the number is out of range')
}
