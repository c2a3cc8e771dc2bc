// Finds out why a ban is gone: resolves the states of two servers, and prints how each conflict came out.
import { type Pdu, trustedPdu } from '@roomserver/events'
import { resolveStateAsync, stateMapOf, traceText } from '@roomserver/state'
import { requireRoomVersion } from '@roomserver/version'

const rules = requireRoomVersion('10')
const [alice, bob] = ['@alice:a.test', '@bob:b.test']
const room = new Map<string, Pdu>()
const add = (
  id: string,
  type: string,
  sender: string,
  state_key: string,
  content: object,
  ...auth_events: string[]
) => {
  const event = {
    type,
    sender,
    state_key,
    content,
    auth_events,
    origin_server_ts: room.size,
    room_id: '!room:a.test',
  }
  room.set(id, trustedPdu(event, id, rules))
}
add('$create', 'm.room.create', alice, '', { creator: alice })
add('$alice', 'm.room.member', alice, alice, { membership: 'join' }, '$create')
add('$levels', 'm.room.power_levels', alice, '', { users: { [alice]: 100 } }, '$create', '$alice')
add('$public', 'm.room.join_rules', alice, '', { join_rule: 'public' }, '$create', '$levels', '$alice')
add('$bob', 'm.room.member', bob, bob, { membership: 'join' }, '$create', '$levels', '$public')
add('$ban', 'm.room.member', alice, bob, { membership: 'ban' }, '$create', '$levels', '$alice', '$bob')

const stateOf = (...ids: string[]) =>
  stateMapOf(ids.map((id) => room.get(id)).filter((event) => event !== undefined))
const common = ['$create', '$alice', '$levels', '$public']
const sets = [stateOf(...common, '$bob'), stateOf(...common, '$ban')]

// A database of one's own, or other servers; what nobody has is a failure that names it.
const fetchEvents = async (ids: readonly string[]) =>
  ids.map((id) => room.get(id)).filter((event) => event !== undefined)
const { state, trace } = await resolveStateAsync(sets, { version: '10', fetchEvents, trace: true })
console.log(state.get('m.room.member')?.get(bob))
if (trace !== undefined) console.log(traceText(trace).split('\n')[0])
await resolveStateAsync(sets, { version: '10', fetchEvents: async () => [] }).catch(({ code, details }) =>
  console.log(code, details.eventIds),
)
