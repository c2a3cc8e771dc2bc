import type { HistoryEntry } from '@roomserver/api'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { More } from '../app/more.tsx'
import { usePages } from '../app/use-pages.ts'
import { goTo } from '../app/use-route.ts'
import type { RouteQuery } from '../route.ts'
import { Sentence } from '../text/sentence.tsx'
import { EventLine } from './event-line.tsx'
import { Explanation } from './explanation.tsx'

const OUTCOMES: Readonly<Record<HistoryEntry['outcome'], string>> = {
  current: '✓ current',
  replaced: '↥ replaced',
  lost: '✕ lost a resolution',
  rejected: '✕ rejected',
  'soft-failed': '⚠ soft-failed',
  outlier: '◌ outlier',
}

/** Who set an entry of the state when, and which settings lost. */
export function HistoryView({
  query,
  roomId,
}: {
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const { api } = useInspected()
  const { key = '', type = 'm.room.power_levels' } = query
  const pages = usePages(
    async (cursor) => {
      const { entries, next } = await api.history({
        room_id: roomId,
        type,
        state_key: key,
        cursor,
        limit: 50,
      })
      return { items: entries, next }
    },
    [api, roomId, type, key],
  )
  return (
    <div class="view">
      <EntryForm
        type={type}
        stateKey={key}
        onChange={(entry) => goTo({ view: 'room', roomId, tab: 'history', query: entry })}
      />
      <Explanation roomId={roomId} type={type} stateKey={key} />
      <ol class="history">
        {pages.items.map((entry) => (
          <li key={entry.event.event_id} class={`outcome-${entry.outcome}`}>
            <p class="outcome-words">
              {OUTCOMES[entry.outcome] ?? entry.outcome}
              {entry.went?.is_reset === true && <span class="tag reset">⚠ state reset</span>}
            </p>
            <EventLine event={entry.event} roomId={roomId} />
            <p class="why">
              <Sentence value={entry.why} roomId={roomId} />
            </p>
            <Causes entry={entry} roomId={roomId} />
          </li>
        ))}
      </ol>
      <More pages={pages} none="No event has set this entry." />
    </div>
  )
}

function Causes({
  entry: { came, outcome, went },
  roomId,
}: {
  readonly entry: HistoryEntry
  readonly roomId: string
}): JSX.Element | null {
  const isGone = went !== null && outcome !== 'current'
  const change = isGone ? went : came
  const cause = change?.cause_event ?? null
  if (change === null || cause === null) return null
  return (
    <p class="causes">
      <RoomLink roomId={roomId} query={{ event: cause.event_id }}>
        {isGone ? 'The event by which it went' : 'The event by which it came'}
      </RoomLink>
      {change.cause === 'resolution' && (
        <RoomLink roomId={roomId} tab="resolution" query={{ at: cause.event_id, moment: 'arrival' }}>
          The resolution there
        </RoomLink>
      )}
    </p>
  )
}

interface EntryFormProps {
  readonly type: string
  readonly stateKey: string
  readonly onChange: (entry: { readonly type: string; readonly key: string }) => void
}

/** Chooses an entry of the state. */
function EntryForm({ onChange, stateKey, type }: EntryFormProps): JSX.Element {
  const [typed, setTyped] = useState({ type, key: stateKey })
  useEffect(() => setTyped({ type, key: stateKey }), [type, stateKey])
  return (
    <form
      class="controls"
      onSubmit={(submitted) => {
        submitted.preventDefault()
        onChange(typed)
      }}
    >
      <label>
        <span>Type</span>
        <input
          type="text"
          value={typed.type}
          onInput={({ currentTarget: { value } }) => setTyped({ ...typed, type: value })}
        />
      </label>
      <label>
        <span>State key</span>
        <input
          type="text"
          value={typed.key}
          onInput={({ currentTarget: { value } }) => setTyped({ ...typed, key: value })}
        />
      </label>
      <button type="submit">Show</button>
    </form>
  )
}
