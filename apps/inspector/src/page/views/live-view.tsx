import type { InspectionApi, JournalEntry } from '@roomserver/api'
import type { JSX } from 'preact'
import { useCallback } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { Sentence } from '../text/sentence.tsx'
import { EventLine } from './event-line.tsx'
import { type LiveItem, LiveLog, type News } from './live-log.tsx'

/** How much is asked for at once. */
const MOST = 100

/** The latest event and change that were seen. */
interface Seen {
  readonly event: string
  readonly revision: number
}

/** Events of a room with their verdicts, and changes of its state, as they come; the latest first. */
export function LiveView({ roomId }: { readonly roomId: string }): JSX.Element {
  const { api } = useInspected()
  const ask = useCallback((seen: Seen | undefined) => news(api, roomId, seen), [api, roomId])
  return (
    <div class="view">
      <LiveLog key={roomId} ask={ask} />
    </div>
  )
}

/** A change of the state of a room, in a sentence. */
export function ChangeLine({
  change,
  roomId,
}: {
  readonly change: JournalEntry
  readonly roomId: string
}): JSX.Element {
  return (
    <p class="why">
      {change.is_reset && <span class="tag reset">⚠ state reset</span>}{' '}
      <Sentence value={change.says} roomId={roomId} />
    </p>
  )
}

/** What has come since something was seen, the latest first; at first nothing. */
async function news(api: InspectionApi, roomId: string, seen: Seen | undefined): Promise<News<Seen>> {
  const limit = seen === undefined ? 1 : MOST
  const any = { room_id: roomId, type: '', cursor: '', limit }
  const [{ events }, { entries }] = await Promise.all([
    api.events({ ...any, search: '', sender: '', status: '' }),
    api.journal({ ...any, resets_only: false, state_key: '' }),
  ])
  const latest = {
    event: events[0]?.event_id ?? seen?.event ?? '',
    revision: entries[0]?.revision ?? seen?.revision ?? 0,
  }
  if (seen === undefined) return { fresh: [], seen: latest }
  const known = events.findIndex(({ event_id }) => event_id === seen.event)
  const changes = entries
    .filter(({ revision }) => revision > seen.revision)
    .map(
      (change): LiveItem => ({
        key: `${change.revision} ${change.type} ${change.state_key}`,
        shown: <ChangeLine change={change} roomId={roomId} />,
      }),
    )
  const came = events
    .slice(0, known < 0 ? events.length : known)
    .map((event): LiveItem => ({ key: event.event_id, shown: <EventLine event={event} roomId={roomId} /> }))
  return { fresh: [...changes, ...came], seen: latest }
}
