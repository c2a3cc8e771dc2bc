import type { EventSummary } from '@roomserver/api'
import type { JSX } from 'preact'
import { RoomLink } from '../app/link.tsx'
import { Tags, tagsOf, TypeAndKey } from '../graph/event-words.tsx'
import { NodeShape } from '../graph/node-shape.tsx'
import { Id, Text } from '../text/text.tsx'
import { timeText } from '../text/time.ts'

/** An event in a line, with the sign of the graph, as a link to it. */
export function EventLine({
  event,
  roomId,
}: {
  readonly event: EventSummary
  readonly roomId: string
}): JSX.Element {
  return (
    <RoomLink roomId={roomId} query={{ event: event.event_id }} class="event-line">
      <EventSign event={event} />
      <span class="event-words">
        {event.status === 'missing' ? <Id value={event.event_id} short={30} /> : <TypeAndKey event={event} />}
        <span class="says">
          <Text value={event.says} cut={120} />
        </span>
        <Tags tags={tagsOf(event)} />
        <span class="by">
          {event.sender !== '' && <Text value={event.sender} cut={60} />} {timeText(event.origin_server_ts)}
        </span>
      </span>
    </RoomLink>
  )
}

/** The sign of an event. */
export function EventSign({ event }: { readonly event: EventSummary }): JSX.Element {
  return (
    <svg class="sign" width="18" height="18" aria-hidden="true">
      <NodeShape event={event} x={9} y={9} />
    </svg>
  )
}

/** Events in lines; what is said where there are none. */
export function EventLines({
  events,
  none,
  roomId,
}: {
  readonly events: readonly EventSummary[]
  readonly roomId: string
  readonly none: string
}): JSX.Element {
  if (events.length === 0) return <p class="none">{none}</p>
  return (
    <ul class="event-lines">
      {events.map((event) => (
        <li key={event.event_id}>
          <EventLine event={event} roomId={roomId} />
        </li>
      ))}
    </ul>
  )
}
