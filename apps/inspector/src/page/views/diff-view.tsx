import type { JSX } from 'preact'
import { useInspected } from '../app/inspection-context.ts'
import { useLoaded } from '../app/use-loaded.ts'
import { goTo } from '../app/use-route.ts'
import { WaitFor } from '../app/wait-for.tsx'
import type { RouteQuery } from '../route.ts'
import { countText } from '../text/time.ts'
import { ChangeTable } from './change-table.tsx'
import { PointPicker } from './point-picker.tsx'

/** How many changes are shown. */
const MOST_CHANGES = 1_000

/** What makes one state of a room out of another one. */
export function DiffView({
  query,
  roomId,
}: {
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const { api } = useInspected()
  const { a = '', b = '', sideA = 'after', sideB = 'after' } = query
  const request = {
    room_id: roomId,
    from: { event_id: a, side: sideA },
    to: { event_id: b, side: sideB },
    limit: MOST_CHANGES,
  }
  const loaded = useLoaded(() => api.diff(request), [api, roomId, a, b, sideA, sideB])
  const change = (changes: RouteQuery): void =>
    goTo({ view: 'room', roomId, tab: 'diff', query: { ...query, ...changes } })
  return (
    <div class="view">
      <div class="controls">
        <PointPicker
          label="From"
          eventId={a}
          side={sideA}
          onChange={(event, side) => change({ a: event, sideA: side })}
        />
        <PointPicker
          label="To"
          eventId={b}
          side={sideB}
          onChange={(event, side) => change({ b: event, sideB: side })}
        />
      </div>
      <WaitFor loaded={loaded} what="the difference">
        {({ changes, total }) => (
          <>
            <p role="status">
              {total === 0 ? 'The two states are the same.' : `${countText(total)} entries differ.`}
              {total > changes.length && ` The first ${countText(changes.length)} are shown.`}
            </p>
            {changes.length > 0 && <ChangeTable changes={changes} roomId={roomId} from="From" to="To" />}
          </>
        )}
      </WaitFor>
    </div>
  )
}
