import type { JSX } from 'preact'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { More } from '../app/more.tsx'
import { usePages } from '../app/use-pages.ts'
import { goTo } from '../app/use-route.ts'
import { TypeAndKey } from '../graph/event-words.tsx'
import type { RouteQuery } from '../route.ts'
import { countText, timeText } from '../text/time.ts'
import { Text } from '../text/text.tsx'
import { useState } from 'preact/hooks'
import { PointPicker } from './point-picker.tsx'

/** The state of a room at a point of its graph. */
export function StateView({
  query,
  roomId,
}: {
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const { api } = useInspected()
  const { at = '', side = 'after', type = '' } = query
  const [total, setTotal] = useState(0)
  const pages = usePages(
    async (cursor) => {
      const answer = await api.state({
        room_id: roomId,
        at: { event_id: at, side },
        type,
        cursor,
        limit: 200,
      })
      setTotal(answer.total)
      return { items: answer.entries, next: answer.next }
    },
    [api, roomId, at, side, type],
  )
  const change = (changes: RouteQuery): void =>
    goTo({ view: 'room', roomId, tab: 'state', query: { ...query, ...changes } })
  return (
    <div class="view">
      <div class="controls">
        <PointPicker
          label="State"
          eventId={at}
          side={side}
          onChange={(event, where) => change({ at: event, side: event === '' ? '' : where })}
        />
        <label>
          <span>Type</span>
          <input
            type="text"
            placeholder="any type"
            value={type}
            onChange={({ currentTarget }) => change({ type: currentTarget.value.trim() })}
          />
        </label>
        <span class="found" role="status">
          {countText(total)} entries
        </span>
      </div>
      <table class="state">
        <thead>
          <tr>
            <th scope="col">Entry</th>
            <th scope="col">Says</th>
            <th scope="col">Set by</th>
            <th scope="col">At</th>
            <th scope="col">More</th>
          </tr>
        </thead>
        <tbody>
          {pages.items.map((event) => (
            <tr key={`${event.type} ${event.state_key}`}>
              <th scope="row">
                <RoomLink roomId={roomId} query={{ event: event.event_id }}>
                  <TypeAndKey event={event} />
                </RoomLink>
              </th>
              <td class="wide">
                <Text value={event.says} cut={300} />
              </td>
              <td>
                <Text value={event.sender} />
              </td>
              <td class="when">{timeText(event.origin_server_ts)}</td>
              <td>
                <RoomLink
                  roomId={roomId}
                  tab="history"
                  query={{ type: event.type, key: event.state_key ?? '' }}
                >
                  History
                </RoomLink>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <More pages={pages} none="The state is empty." />
    </div>
  )
}
