import type { ArrivedEvent, InspectionApi } from '@roomserver/api'
import type { JSX } from 'preact'
import { useCallback } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { Sentence } from '../text/sentence.tsx'
import { Id, Text } from '../text/text.tsx'
import { Rule } from './auth-check.tsx'
import { EventLine } from './event-line.tsx'
import { LiveLog, type News } from './live-log.tsx'
import { ChangeLine } from './live-view.tsx'

/** How much is asked for at once, and how often in one go. What comes faster is shown later. */
const MOST = 100
const MAX_PAGES = 5

/** Events of all rooms with their verdicts, and the changes that they made, as they come; the latest first. */
export function LiveRoomsView(): JSX.Element {
  const { api } = useInspected()
  const ask = useCallback((cursor: string | undefined) => news(api, cursor), [api])
  return (
    <div class="view">
      <h1>All rooms live</h1>
      <LiveLog ask={ask} />
    </div>
  )
}

async function news(api: InspectionApi, seen: string | undefined): Promise<News<string>> {
  let cursor = seen ?? ''
  const came: ArrivedEvent[] = []
  for (let page = 0; page < MAX_PAGES; page++) {
    const { arrivals, is_latest: isLatest, next } = await api.arrivals({ cursor, limit: MOST })
    came.push(...arrivals)
    cursor = next
    if (isLatest) break
  }
  const fresh = came
    .toReversed()
    .map((one) => ({ key: one.event.event_id, shown: <Arrival arrived={one} /> }))
  return { fresh, seen: cursor }
}

function Arrival({ arrived }: { readonly arrived: ArrivedEvent }): JSX.Element {
  const { changes, event, room_id: roomId, room_name: name, verdict } = arrived
  return (
    <article class="arrival">
      <RoomLink roomId={roomId} tab="live" class="of-room">
        {name === '' ? <Id value={roomId} short={36} /> : <Text value={name} cut={60} />}
      </RoomLink>
      <EventLine event={event} roomId={roomId} />
      {verdict.rule !== null && (
        <p class="why">
          <Sentence value={verdict.reason} roomId={roomId} />
          <br />
          <Rule rule={verdict.rule} />
        </p>
      )}
      {changes.map((change) => (
        <ChangeLine key={`${change.type} ${change.state_key}`} change={change} roomId={roomId} />
      ))}
    </article>
  )
}
