import { createHash } from 'node:crypto'
import { largeRoomId } from './large-room.ts'
import { SERVER_NAME, type ServedRoom } from './served-room.ts'

/**
 * What a server answers about events of the room, in a form that can be compared: a hash of each answer whose order does not
 * matter.
 *
 * @param events - events that stay
 */
export async function answersAbout(
  { call }: ServedRoom,
  events: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const room_id = largeRoomId(SERVER_NAME)
  const answers = new Map<string, string>()
  const ask = async (name: string, operation: string, request: object) =>
    void answers.set(name, hashOf(JSON.parse(await call(operation, JSON.stringify(request)))))
  for (const event of events) {
    const at = { room_id, prev_event_ids: [event] }
    await ask(`event ${event}`, 'queryEventsByID', { event_ids: [event] })
    await ask(`state after ${event}`, 'queryStateAfterEvents', { ...at, state_to_fetch: [] })
    await ask(`state and auth chain after ${event}`, 'queryStateAndAuthChain', {
      ...at,
      auth_event_ids: [],
      only_fetch_auth_chain: false,
      resolve_state: true,
    })
    await ask(`missing events before ${event}`, 'queryMissingEvents', {
      earliest_events: [],
      latest_events: [event],
      limit: 50,
      server_name: 's1.example',
    })
  }
  await ask('memberships', 'queryMembershipsForRoom', { room_id, joined_only: true, sender: '' })
  return answers
}

function hashOf(answer: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(inOrder(answer)))
    .digest('hex')
}

/** Lists of objects have an order of no meaning; the events of a past are given oldest first, which their content says. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(inOrder)
    return items.every((item) => typeof item === 'object')
      ? items.map((item) => JSON.stringify(item)).toSorted()
      : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, member]) => [name, inOrder(member)] as const)
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** The answers that are not what they were. */
export function differing(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...before].filter(([name, hash]) => after.get(name) !== hash).map(([name]) => name)
}
