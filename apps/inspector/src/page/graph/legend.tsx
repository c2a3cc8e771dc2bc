import type { EventSummary } from '@roomserver/api'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { FoldShape, NodeShape } from './node-shape.tsx'

const PLAIN: EventSummary = {
  event_id: '',
  type: 'm.room.message',
  state_key: null,
  sender: '',
  origin_server_ts: 0,
  depth: 0,
  prev_events: [],
  auth_events: [],
  status: 'accepted',
  is_redacted: false,
  is_extremity: false,
  says: '',
}

const SIGNS: readonly (readonly [EventSummary, string])[] = [
  [PLAIN, 'An accepted event'],
  [{ ...PLAIN, state_key: '' }, 'An accepted state event'],
  [{ ...PLAIN, status: 'soft-failed' }, 'Soft-failed: allowed where it stands, not by the current state'],
  [{ ...PLAIN, status: 'rejected' }, 'Rejected by its auth events or by the state before it'],
  [{ ...PLAIN, is_redacted: true }, 'Redacted'],
  [{ ...PLAIN, status: 'outlier' }, 'An outlier: known, but without a place in the graph'],
  [{ ...PLAIN, status: 'unevaluated' }, 'Not evaluated yet: the file is being opened'],
  [{ ...PLAIN, status: 'missing' }, 'Missing: other events refer to it, and it is not stored'],
]

const KEYS: readonly (readonly [string, string])[] = [
  ['↓ ↑', 'next and previous row'],
  ['→ ←', 'first predecessor, nearest successor'],
  ['n N', 'next and previous event that was not accepted'],
  ['Home End', 'first and last row'],
  ['Enter', 'open the event, or unfold the line'],
  ['/', 'search'],
  ['+ −', 'zoom'],
  ['f', 'fold lines of events'],
  ['Esc', 'close the event'],
]

/** What the signs of the graph mean, and which keys there are. */
export function Legend({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="legend" aria-label="Keys and signs" onClose={onClose}>
      <h2>Signs</h2>
      <ul class="signs">
        {SIGNS.map(([event, words]) => (
          <li key={words}>
            <svg width="22" height="22" aria-hidden="true">
              <NodeShape event={event} x={11} y={11} />
            </svg>
            {words}
          </li>
        ))}
        <li>
          <svg width="22" height="22" aria-hidden="true">
            <FoldShape x={11} y={11} />
          </svg>
          A line of events that nothing happens in, folded
        </li>
      </ul>
      <h2>Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, words]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  )
}
