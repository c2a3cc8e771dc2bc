// What a moderation tool checks before it changes a room: does the change shut ourselves out, and will it be allowed?
import { wouldBan } from '@roomserver/acls'
import { authStateOf, checkPlanned } from '@roomserver/auth'
import { type ClientEvent, pduFromClientEvent } from '@roomserver/events'

const [MOD, ROOM] = ['@mod:example.org', '!room:example.org']
const state: readonly ClientEvent[] = [
  {
    event_id: '$1',
    type: 'm.room.create',
    sender: '@alice:example.org',
    state_key: '',
    content: { room_version: '11' },
  },
  {
    event_id: '$2',
    type: 'm.room.power_levels',
    sender: '@alice:example.org',
    state_key: '',
    content: { users: { [MOD]: 50 }, events: { 'm.room.server_acl': 100 } },
  },
  { event_id: '$3', type: 'm.room.member', sender: MOD, state_key: MOD, content: { membership: 'join' } },
]
const now = authStateOf(state.map((event) => pduFromClientEvent(event, { version: '11', roomId: ROOM })))

for (const content of [
  { allow: ['*'], deny: ['*.org'] },
  { allow: ['*'], deny: ['evil.com'] },
]) {
  const verdict = checkPlanned({ type: 'm.room.server_acl', sender: MOD, stateKey: '', content }, now)
  console.log(JSON.stringify(content))
  console.log(wouldBan(content, 'example.org') ? '  would keep us out' : '  keeps us in')
  console.log(verdict.allowed ? '  would be allowed' : `  would be refused: ${verdict.reason}`)
}
