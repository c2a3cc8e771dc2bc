import type { EventSummary, InspectionApi, JournalEntry } from '@roomserver/api'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { messageOf } from '../app/use-loaded.ts'
import { useTicks } from '../app/use-refreshed.ts'
import { Sentence } from '../text/sentence.tsx'
import { Text } from '../text/text.tsx'
import { EventLine } from './event-line.tsx'

/** How often is looked, how much is asked for at once, and how much is kept in view. */
const EVERY_MS = 1_000
const MOST = 100
const KEPT = 500

/** Something that has come. */
type Item =
  | { readonly key: string; readonly event: EventSummary }
  | { readonly key: string; readonly change: JournalEntry }

/** The latest event and change that were seen. */
interface Seen {
  readonly event: string
  readonly revision: number
}

/** Events of a room with their verdicts, and changes of its state, as they come; the latest first. */
export function LiveView({ roomId }: { readonly roomId: string }): JSX.Element {
  const { api } = useInspected()
  const ticks = useTicks(EVERY_MS)
  const [items, setItems] = useState<readonly Item[]>([])
  const [failure, setFailure] = useState<string>()
  const [isPaused, setPaused] = useState(false)
  const seen = useRef<Seen | undefined>(undefined)
  const isAsking = useRef(false)
  useEffect(() => {
    if (isPaused || isAsking.current) return
    isAsking.current = true
    news(api, roomId, seen.current)
      .then(
        ({ fresh, latest }) => {
          seen.current = latest
          setFailure(undefined)
          if (fresh.length > 0) setItems((before) => [...fresh, ...before].slice(0, KEPT))
        },
        (error: unknown) => setFailure(messageOf(error)),
      )
      .finally(() => {
        isAsking.current = false
      })
  }, [api, roomId, ticks, isPaused])
  return (
    <div class="view">
      <div class="controls">
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <span class="found">{isPaused ? 'paused' : 'shows what comes from now on'}</span>
      </div>
      {failure !== undefined && (
        <p class="note failed" role="alert">
          <Text value={failure} cut={1_000} />
        </p>
      )}
      <div role="log" aria-label="What has come">
        <ul class="live">
          {items.map((item) => (
            <li key={item.key}>
              {'event' in item ? (
                <EventLine event={item.event} roomId={roomId} />
              ) : (
                <p class="why">
                  {item.change.is_reset && <span class="tag reset">⚠ state reset</span>}{' '}
                  <Sentence value={item.change.says} roomId={roomId} />
                </p>
              )}
            </li>
          ))}
        </ul>
      </div>
      {items.length === 0 && <p class="none">Nothing has come so far.</p>}
    </div>
  )
}

/** What has come since something was seen, the latest first; at first nothing. */
async function news(
  api: InspectionApi,
  room_id: string,
  seen: Seen | undefined,
): Promise<{ readonly fresh: readonly Item[]; readonly latest: Seen }> {
  const limit = seen === undefined ? 1 : MOST
  const any = { room_id, type: '', cursor: '', limit }
  const [{ events }, { entries }] = await Promise.all([
    api.events({ ...any, search: '', sender: '', status: '' }),
    api.journal({ ...any, resets_only: false, state_key: '' }),
  ])
  const latest = {
    event: events[0]?.event_id ?? seen?.event ?? '',
    revision: entries[0]?.revision ?? seen?.revision ?? 0,
  }
  if (seen === undefined) return { fresh: [], latest }
  const known = events.findIndex(({ event_id }) => event_id === seen.event)
  const changes = entries
    .filter(({ revision }) => revision > seen.revision)
    .map((change): Item => ({ key: `${change.revision} ${change.type} ${change.state_key}`, change }))
  const came = events
    .slice(0, known < 0 ? events.length : known)
    .map((event): Item => ({ key: event.event_id, event }))
  return { fresh: [...changes, ...came], latest }
}
