import type { RoomSummary } from '@roomserver/api'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { More } from '../app/more.tsx'
import { usePages } from '../app/use-pages.ts'
import { goTo } from '../app/use-route.ts'
import type { RouteQuery } from '../route.ts'
import { Id, Text } from '../text/text.tsx'
import { bytesText, countText, timeText } from '../text/time.ts'

/** The columns: the word by which rooms are sorted, the heading, and what stands there. */
const COLUMNS: readonly (readonly [sort: string, heading: string, cell: (room: RoomSummary) => string])[] = [
  ['members', 'Members', ({ joined_members }) => countText(joined_members)],
  ['events', 'Events', ({ events }) => countText(events)],
  ['extremities', 'Extremities', ({ extremities }) => countText(extremities)],
  ['soft_failed', 'Soft-failed', ({ soft_failed }) => countText(soft_failed)],
  ['rejected', 'Rejected', ({ rejected }) => countText(rejected)],
  ['gaps', 'Missing', ({ gaps }) => countText(gaps)],
  ['state_resets', 'Resets', ({ state_resets }) => countText(state_resets)],
  [
    'resolution',
    'Resolution',
    ({ slowest_resolution_ms }) =>
      slowest_resolution_ms === 0 ? '' : `${countText(slowest_resolution_ms)} ms`,
  ],
  ['bytes', 'Size', ({ bytes }) => bytesText(bytes)],
  ['last_activity', 'Latest event', ({ last_activity_ts }) => timeText(last_activity_ts)],
]

/** All rooms, searched and sorted. */
export function RoomsView({ query }: { readonly query: RouteQuery }): JSX.Element {
  const { api } = useInspected()
  const { reversed = '', search = '', sort = 'last_activity' } = query
  const [total, setTotal] = useState<number>()
  const pages = usePages(
    async (cursor) => {
      const answer = await api.rooms({ search, sort, is_reversed: reversed === 'yes', cursor, limit: 100 })
      setTotal(answer.total)
      return { items: answer.rooms, next: answer.next }
    },
    [api, search, sort, reversed],
  )
  const change = (changes: RouteQuery): void => goTo({ view: 'rooms', query: { ...query, ...changes } }, true)
  const sortBy = (name: string): void =>
    change({ sort: name, reversed: name === sort && reversed !== 'yes' ? 'yes' : '' })
  return (
    <div class="view">
      <h1>Rooms</h1>
      <div class="controls">
        <SearchBox search={search} onSearch={(text) => change({ search: text })} />
        <span class="found" role="status">
          {total === undefined ? '' : `${countText(total)} rooms`}
        </span>
      </div>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Rooms">
        <table class="rooms">
          <thead>
            <tr>
              <SortHeading name="name" heading="Room" {...{ sort, reversed, sortBy }} />
              {COLUMNS.map(([name, heading]) => (
                <SortHeading key={name} {...{ name, heading, sort, reversed, sortBy }} />
              ))}
            </tr>
          </thead>
          <tbody>
            {pages.items.map((room) => (
              <tr key={room.room_id}>
                <th scope="row">
                  <RoomLink roomId={room.room_id}>
                    <RoomName room={room} />
                  </RoomLink>
                </th>
                {COLUMNS.map(([name, heading, cell]) => (
                  <td key={name} class="figure" data-heading={heading}>
                    {cell(room)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More pages={pages} none="No room matches." />
    </div>
  )
}

function RoomName({ room }: { readonly room: RoomSummary }): JSX.Element {
  const { canonical_alias, is_blocked, is_stub, name, room_id } = room
  const title = name === '' ? canonical_alias : name
  return (
    <span class="room-name">
      {title !== '' && (
        <strong>
          <Text value={title} cut={80} />
        </strong>
      )}
      <Id value={room_id} short={36} />
      {is_blocked && <span class="tag blocked">blocked</span>}
      {is_stub && <span class="tag stub">invite only</span>}
    </span>
  )
}

interface HeadingProps {
  readonly name: string
  readonly heading: string
  readonly sort: string
  readonly reversed: string
  readonly sortBy: (name: string) => void
}

function SortHeading({ heading, name, reversed, sort, sortBy }: HeadingProps): JSX.Element {
  const isSorted = sort === name
  const isAscending = (name === 'name') !== (reversed === 'yes')
  const order = isAscending ? 'ascending' : 'descending'
  return (
    <th scope="col" aria-sort={isSorted ? order : 'none'}>
      <button type="button" class="sort" onClick={() => sortBy(name)}>
        {heading}
        <span aria-hidden="true">{isSorted ? (isAscending ? ' ↑' : ' ↓') : ''}</span>
      </button>
    </th>
  )
}

/** Waits until nobody has typed for a moment. */
function SearchBox({
  onSearch,
  search,
}: {
  readonly search: string
  readonly onSearch: (search: string) => void
}): JSX.Element {
  const [typed, setTyped] = useState(search)
  useEffect(() => {
    if (typed === search) return
    const timer = setTimeout(() => onSearch(typed), 250)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <input
      type="search"
      class="search"
      placeholder="Room ID, alias or name"
      aria-label="Search rooms by ID, alias or name"
      value={typed}
      onInput={({ currentTarget }) => setTyped(currentTarget.value)}
    />
  )
}
