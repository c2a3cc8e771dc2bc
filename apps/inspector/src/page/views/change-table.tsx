import type { EventSummary, StateChange } from '@roomserver/api'
import type { JSX } from 'preact'
import { TypeAndKey } from '../graph/event-words.tsx'
import { EventLine } from './event-line.tsx'

interface Props {
  readonly changes: readonly StateChange[]
  readonly roomId: string
  readonly from: string
  readonly to: string
}

/** Changes of entries of a state. */
export function ChangeTable({ changes, from, roomId, to }: Props): JSX.Element {
  return (
    <table class="changes">
      <thead>
        <tr>
          <th scope="col">Entry</th>
          <th scope="col">{from}</th>
          <th scope="col">{to}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={`${change.type} ${change.state_key}`} class={kindOf(change)}>
            <th scope="row">
              <span class="change-kind">{kindOf(change)}</span> <TypeAndKey event={change} />
            </th>
            <td>
              <OrNone event={change.from} roomId={roomId} />
            </td>
            <td>
              <OrNone event={change.to} roomId={roomId} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function kindOf({ from, to }: StateChange): 'added' | 'removed' | 'changed' {
  if (from === null) return 'added'
  return to === null ? 'removed' : 'changed'
}

/** An event, or that there is none. */
export function OrNone({
  event,
  roomId,
}: {
  readonly event: EventSummary | null
  readonly roomId: string
}): JSX.Element {
  return event === null ? <span class="none">none</span> : <EventLine event={event} roomId={roomId} />
}
