import type { JSX } from 'preact'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { More } from '../app/more.tsx'
import { usePages } from '../app/use-pages.ts'
import { goTo } from '../app/use-route.ts'
import type { RouteQuery } from '../route.ts'
import { Text } from '../text/text.tsx'
import { timeText } from '../text/time.ts'

const MEMBERSHIPS = ['join', 'invite', 'knock', 'leave', 'ban']

/** Who is in a room, or was, or may not. */
export function MembersView({
  query,
  roomId,
}: {
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const { api } = useInspected()
  const { membership = '', server = '' } = query
  const pages = usePages(
    async (cursor) => {
      const { members, next } = await api.members({ room_id: roomId, membership, server, cursor, limit: 200 })
      return { items: members, next }
    },
    [api, roomId, membership, server],
  )
  const change = (changes: RouteQuery): void =>
    goTo({ view: 'room', roomId, tab: 'members', query: { ...query, ...changes } })
  return (
    <div class="view">
      <div class="controls">
        <label>
          <span>Membership</span>
          <select
            value={membership}
            onChange={({ currentTarget }) => change({ membership: currentTarget.value })}
          >
            <option value="">any</option>
            {MEMBERSHIPS.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Server</span>
          <input
            type="text"
            placeholder="any server"
            value={server}
            onChange={({ currentTarget }) => change({ server: currentTarget.value.trim() })}
          />
        </label>
      </div>
      <table class="members">
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">Membership</th>
            <th scope="col">Name</th>
            <th scope="col">Power level</th>
            <th scope="col">Since</th>
            <th scope="col">More</th>
          </tr>
        </thead>
        <tbody>
          {pages.items.map((member) => (
            <tr key={member.user_id}>
              <th scope="row">
                <RoomLink roomId={roomId} query={{ event: member.event_id }}>
                  <Text value={member.user_id} />
                </RoomLink>
              </th>
              <td>
                <Text value={member.membership} />
              </td>
              <td class="wide">
                <Text value={member.display_name} cut={100} />
              </td>
              <td>
                <Text value={member.power_level} />
              </td>
              <td class="when">{timeText(member.since_ts)}</td>
              <td>
                <RoomLink
                  roomId={roomId}
                  tab="history"
                  query={{ type: 'm.room.member', key: member.user_id }}
                >
                  History
                </RoomLink>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <More pages={pages} none="Nobody." />
    </div>
  )
}
