import type { InspectEventResponse } from '@roomserver/api'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { CopyButton } from '../app/copy-button.tsx'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { TardisButton } from '../app/tardis-button.tsx'
import { useLoaded } from '../app/use-loaded.ts'
import { WaitFor } from '../app/wait-for.tsx'
import { TypeAndKey } from '../graph/event-words.tsx'
import type { RouteQuery } from '../route.ts'
import { indentJson } from '../text/indent-json.ts'
import { TextBlock } from '../text/text-block.tsx'
import { Sentence } from '../text/sentence.tsx'
import { Id, Text } from '../text/text.tsx'
import { timeText } from '../text/time.ts'
import { AuthCheckView, Rule } from './auth-check.tsx'
import { ChangeTable } from './change-table.tsx'
import { EventLines, EventSign } from './event-line.tsx'
import { Explanation } from './explanation.tsx'

interface Props {
  readonly roomId: string
  readonly eventId: string
  readonly query: RouteQuery
  readonly onClose: () => void
}

/** Everything about the chosen event. */
export function EventPanel({ eventId, onClose, query, roomId }: Props): JSX.Element {
  const { api } = useInspected()
  const panel = useRef<HTMLElement>(null)
  const loaded = useLoaded(() => api.event({ event_id: eventId }), [api, eventId])
  useEffect(() => {
    if (panel.current !== null) panel.current.scrollTop = 0
  }, [eventId])
  return (
    <aside ref={panel} class="panel" aria-label="The chosen event" tabIndex={0}>
      <button type="button" class="close" aria-label="Close the event" title="Close (Esc)" onClick={onClose}>
        ✕
      </button>
      {loaded.state === 'failed' ? (
        <MissingEvent eventId={eventId} message={loaded.message} />
      ) : (
        <WaitFor loaded={loaded} what="the event">
          {(found) => <EventFacts found={found} roomId={roomId} query={query} />}
        </WaitFor>
      )}
    </aside>
  )
}

function MissingEvent({
  eventId,
  message,
}: {
  readonly eventId: string
  readonly message: string
}): JSX.Element {
  return (
    <>
      <h2>An event that is not stored</h2>
      <p class="full-id">
        <Text value={eventId} cut={600} />
        <CopyButton text={eventId} what="the event ID" />
      </p>
      <p class="note failed" role="alert">
        <Text value={message} cut={1_000} />
      </p>
    </>
  )
}

function EventFacts({
  found,
  query,
  roomId,
}: {
  readonly found: InspectEventResponse
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const { event } = found
  return (
    <>
      <h2>
        <EventSign event={event} /> <TypeAndKey event={event} />
      </h2>
      <p class="full-id">
        <Text value={event.event_id} cut={600} />
        <CopyButton text={event.event_id} what="the event ID" />
      </p>
      <p class="sent">
        Sent by <Text value={event.sender} /> at {timeText(event.origin_server_ts)}, depth {event.depth}
      </p>
      <Verdict found={found} />
      <Explanation roomId={roomId} eventId={event.event_id} heading="h3" />
      <Actions found={found} roomId={roomId} query={query} />
      {found.checks.length > 0 && (
        <Part title="Authorization rules">
          {found.checks.map((check) => (
            <AuthCheckView key={check.against} check={check} roomId={roomId} />
          ))}
        </Part>
      )}
      {found.changes.length > 0 && (
        <Part title="What it changes">
          <ChangeTable changes={found.changes} roomId={roomId} from="Before" to="After" />
        </Part>
      )}
      <Part title={`Prev events (${found.prev.length})`}>
        <EventLines events={found.prev} roomId={roomId} none="None: the room begins here." />
      </Part>
      <Part title={`Successors (${found.successors.length})`}>
        <EventLines events={found.successors} roomId={roomId} none="None that are known." />
        {!found.all_successors && (
          <p class="quiet">There may be others that arrived much later or earlier.</p>
        )}
      </Part>
      <Part title={`Auth events (${found.auth.length})`}>
        <EventLines events={found.auth} roomId={roomId} none="None." />
      </Part>
      <Part title="Identity">
        <Identity found={found} roomId={roomId} />
      </Part>
      <Part title="The event as text">
        <TextBlock value={indentJson(found.pdu)} label="The event as text" />
        <CopyButton text={found.pdu} what="the event" />
      </Part>
    </>
  )
}

const VERDICTS: Readonly<Record<InspectEventResponse['verdict']['verdict'], string>> = {
  accepted: '✓ Accepted',
  'soft-failed': '⚠ Soft-failed: allowed at its place in the graph, not by the current state when it came',
  'rejected-by-auth-events': '✕ Rejected by its auth events',
  'rejected-by-state': '✕ Rejected by the state before it',
  outlier: '◌ An outlier: stored without a place in the graph',
}

function Verdict({ found }: { readonly found: InspectEventResponse }): JSX.Element {
  const { reason, rule, verdict } = found.verdict
  return (
    <div class={`verdict ${found.event.status}`}>
      <p class="verdict-words">{VERDICTS[verdict] ?? verdict}</p>
      {reason !== '' && (
        <p class="reason">
          <Sentence value={reason} roomId={found.room_id} />
        </p>
      )}
      {rule !== null && (
        <p class="by-rule">
          <Rule rule={rule} />
        </p>
      )}
    </div>
  )
}

function Actions({
  found,
  query,
  roomId,
}: {
  readonly found: InspectEventResponse
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const { event_id, prev_events, state_key, type } = found.event
  return (
    <nav class="actions" aria-label="More about the event">
      {found.has_state && (
        <>
          <RoomLink roomId={roomId} tab="state" query={{ at: event_id, side: 'before' }}>
            State before
          </RoomLink>
          <RoomLink roomId={roomId} tab="state" query={{ at: event_id, side: 'after' }}>
            State after
          </RoomLink>
          <RoomLink roomId={roomId} tab="diff" query={{ a: event_id, b: '' }}>
            Difference to now
          </RoomLink>
        </>
      )}
      {prev_events.length > 1 && (
        <RoomLink roomId={roomId} tab="resolution" query={{ at: event_id }}>
          Resolution
        </RoomLink>
      )}
      {state_key !== null && (
        <RoomLink roomId={roomId} tab="history" query={{ type, key: state_key }}>
          History
        </RoomLink>
      )}
      <RoomLink roomId={roomId} tab="what-if" query={{ event: event_id }}>
        What if…
      </RoomLink>
      <RoomLink roomId={roomId} query={{ ...query, around: event_id }}>
        Graph around it
      </RoomLink>
      <TardisButton roomId={roomId} around={event_id} />
    </nav>
  )
}

function Identity({
  found,
  roomId,
}: {
  readonly found: InspectEventResponse
  readonly roomId: string
}): JSX.Element {
  const contents = {
    whole: '✓ The content is as its sender hashed it.',
    redacted: 'The event is redacted, so its content hash cannot be checked.',
    changed: '✕ The content hash does not match: the content was changed on its way.',
  }
  return (
    <>
      <ul class="facts">
        <li>
          {found.event_id_matches
            ? '✓ The event ID is the one that its content gives.'
            : '✕ The event ID is not the one that its content gives.'}
        </li>
        <li>{contents[found.content] ?? found.content}</li>
        {found.signatures.map(({ is_required, key_id, server }) => (
          <li key={`${server} ${key_id}`}>
            Signed by <Text value={server} /> with <Text value={key_id} />
            {is_required ? '' : ' (not required)'}
          </li>
        ))}
        {found.missing_signatures.map((server) => (
          <li key={server}>
            ✕ The signature of <Text value={server} /> is required and missing.
          </li>
        ))}
        <li>
          Room version <Text value={found.room_version} />, room <Id value={found.room_id} short={40} />
        </li>
      </ul>
      {found.redacted_by !== null && (
        <>
          <p>Redacted by:</p>
          <EventLines events={[found.redacted_by]} roomId={roomId} none="" />
        </>
      )}
      {found.has_remote_state && <p>The state before it is one that other servers supplied.</p>}
    </>
  )
}

function Part({
  children,
  title,
}: {
  readonly title: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <section class="part">
      <h3>{title}</h3>
      {children}
    </section>
  )
}
