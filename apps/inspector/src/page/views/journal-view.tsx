import type { JSX } from 'preact'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { More } from '../app/more.tsx'
import { usePages } from '../app/use-pages.ts'
import { goTo } from '../app/use-route.ts'
import { TypeAndKey } from '../graph/event-words.tsx'
import type { RouteQuery } from '../route.ts'
import { Sentence } from '../text/sentence.tsx'
import { OrNone } from './change-table.tsx'

/** Every change of the current state of a room with its cause; state resets stand out. */
export function JournalView({
  query,
  roomId,
}: {
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const { api } = useInspected()
  const { resets = '', type = '', key = '' } = query
  const pages = usePages(
    async (cursor) => {
      const request = {
        room_id: roomId,
        resets_only: resets === 'yes',
        type,
        state_key: key,
        cursor,
        limit: 100,
      }
      const { entries, next } = await api.journal(request)
      return { items: entries, next }
    },
    [api, roomId, resets, type, key],
  )
  const setResets = (only: boolean): void =>
    goTo({ view: 'room', roomId, tab: 'journal', query: { ...query, resets: only ? 'yes' : '' } })
  return (
    <div class="view">
      <div class="controls">
        <label class="check">
          <input
            type="checkbox"
            checked={resets === 'yes'}
            onChange={({ currentTarget }) => setResets(currentTarget.checked)}
          />
          Only state resets
        </label>
      </div>
      <ol class="journal">
        {pages.items.map((entry) => (
          <li
            key={`${entry.revision} ${entry.type} ${entry.state_key}`}
            class={entry.is_reset ? 'reset' : ''}
          >
            <p class="journal-head">
              <span class="revision">#{entry.revision}</span>
              <TypeAndKey event={entry} />
              {entry.is_reset && <span class="tag reset">⚠ state reset</span>}
              <span class="cause">{entry.cause}</span>
              {entry.cause_event !== null && (
                <RoomLink roomId={roomId} query={{ event: entry.cause_event.event_id }}>
                  The event
                </RoomLink>
              )}
              {entry.cause === 'resolution' && (
                <RoomLink
                  roomId={roomId}
                  tab="resolution"
                  query={{ at: entry.cause_event?.event_id ?? '', moment: 'arrival' }}
                >
                  The resolution
                </RoomLink>
              )}
            </p>
            <p class="why">
              <Sentence value={entry.says} roomId={roomId} />
            </p>
            <div class="from-to">
              <OrNone event={entry.from} roomId={roomId} />
              <span aria-label="became">→</span>
              <OrNone event={entry.to} roomId={roomId} />
            </div>
          </li>
        ))}
      </ol>
      <More
        pages={pages}
        none={resets === 'yes' ? 'No state reset is known in this room.' : 'No change of the state is known.'}
      />
    </div>
  )
}
