import type { InspectEventResponse, WhatIfRequest } from '@roomserver/api'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { messageOf, useLoaded } from '../app/use-loaded.ts'
import { goTo } from '../app/use-route.ts'
import { WaitFor } from '../app/wait-for.tsx'
import type { RouteQuery } from '../route.ts'
import { indentJson } from '../text/indent-json.ts'
import { Sentence } from '../text/sentence.tsx'
import { Text } from '../text/text.tsx'
import { AuthCheckView } from './auth-check.tsx'
import { EventLines } from './event-line.tsx'

interface Props {
  readonly roomId: string
  readonly query: RouteQuery
}

/** An event as it is written by hand. */
interface WrittenEvent {
  readonly type: string
  readonly sender: string
  /** `undefined`: not a state event. */
  readonly stateKey: string | undefined
  /** JSON text. */
  readonly content: string
  readonly redacts: string
}

/** Tries an event that nobody sent: would it be allowed there, and why not? */
export function WhatIfView({ query, roomId }: Props): JSX.Element {
  const { api } = useInspected()
  const { event = '' } = query
  const loaded = useLoaded(
    () => (event === '' ? Promise.resolve(undefined) : api.event({ event_id: event })),
    [api, event],
  )
  return (
    <div class="view">
      <WaitFor loaded={loaded} what="the event to start from">
        {(found) => <Trial key={event} found={found} roomId={roomId} query={query} />}
      </WaitFor>
    </div>
  )
}

function Trial({
  found,
  query,
  roomId,
}: Props & { readonly found: InspectEventResponse | undefined }): JSX.Element {
  const [written, setWritten] = useState(() => startFrom(found, query))
  const [at, setAt] = useState(query['at'] ?? found?.event.event_id ?? '')
  const [side, setSide] = useState(query['side'] ?? (found === undefined ? 'after' : 'before'))
  const [fault, setFault] = useState<string>()
  const tried = triedBy(roomId, query)
  const set = (changes: Partial<WrittenEvent>): void => setWritten({ ...written, ...changes })
  const submit = (submitted: Event): void => {
    submitted.preventDefault()
    const problem = contentFault(written.content)
    setFault(problem)
    if (problem !== undefined) return
    const { content, redacts, sender, stateKey, type } = written
    const state = stateKey === undefined ? { state: 'no' } : { state: 'yes', key: stateKey }
    const now = {
      event: query['event'] ?? '',
      type,
      sender,
      content,
      redacts,
      at,
      side,
      ...state,
      try: 'yes',
    }
    goTo({ view: 'room', roomId, tab: 'what-if', query: now })
  }
  return (
    <>
      <form class="trial" onSubmit={submit}>
        <div class="fields">
          <label>
            <span>Type</span>
            <input
              type="text"
              required
              value={written.type}
              onInput={({ currentTarget: { value } }) => set({ type: value })}
            />
          </label>
          <label>
            <span>Sender</span>
            <input
              type="text"
              required
              placeholder="@user:server"
              value={written.sender}
              onInput={({ currentTarget: { value } }) => set({ sender: value })}
            />
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={written.stateKey !== undefined}
              onChange={({ currentTarget }) => set({ stateKey: currentTarget.checked ? '' : undefined })}
            />
            State event
          </label>
          {written.stateKey !== undefined && (
            <label>
              <span>State key</span>
              <input
                type="text"
                value={written.stateKey}
                onInput={({ currentTarget: { value } }) => set({ stateKey: value })}
              />
            </label>
          )}
          <label>
            <span>Tried at</span>
            <input
              type="text"
              class="event-id"
              placeholder="event ID; empty: now"
              value={at}
              onInput={({ currentTarget: { value } }) => setAt(value.trim())}
            />
          </label>
          <label>
            <span>Side</span>
            <select value={side} onChange={({ currentTarget }) => setSide(currentTarget.value)}>
              <option value="before">the state before that event</option>
              <option value="after">the state after it</option>
            </select>
          </label>
        </div>
        <label class="content">
          <span>Content</span>
          <textarea
            rows={12}
            spellcheck={false}
            value={written.content}
            onInput={({ currentTarget: { value } }) => set({ content: value })}
          />
        </label>
        <p>
          <button type="submit" class="main">
            Would it be allowed?
          </button>
        </p>
        {fault !== undefined && (
          <p class="note failed" role="alert">
            <Text value={fault} cut={500} />
          </p>
        )}
      </form>
      {tried !== undefined && <Outcome tried={tried} roomId={roomId} />}
    </>
  )
}

function Outcome({ roomId, tried }: { readonly tried: WhatIfRequest; readonly roomId: string }): JSX.Element {
  const { api } = useInspected()
  const loaded = useLoaded(() => api.whatIf(tried), [api, tried.pdu, tried.at, tried.side])
  return (
    <section class="outcome-of-trial" aria-label="Outcome" aria-live="polite">
      <WaitFor loaded={loaded} what="the outcome">
        {({ answer, auth_events, check }) => (
          <>
            {answer.map((sentence, index) => (
              <p key={index} class="answer">
                <Sentence value={sentence} roomId={roomId} />
              </p>
            ))}
            <AuthCheckView check={check} roomId={roomId} isOpen />
            <h3>The auth events that it would have</h3>
            <EventLines events={auth_events} roomId={roomId} none="None." />
          </>
        )}
      </WaitFor>
    </section>
  )
}

/** What the form shows first: what the address says, else the event to start from. */
function startFrom(found: InspectEventResponse | undefined, query: RouteQuery): WrittenEvent {
  const { content, key = '', redacts = '', sender, state, type } = query
  if (type !== undefined && sender !== undefined) {
    return { type, sender, stateKey: state === 'no' ? undefined : key, content: content ?? '{}', redacts }
  }
  if (found === undefined)
    return { type: 'm.room.message', sender: '', stateKey: undefined, content: '{}', redacts: '' }
  const { event, pdu } = found
  const members = membersOf(pdu)
  return {
    type: event.type,
    sender: event.sender,
    stateKey: event.state_key ?? undefined,
    content: indentJson(JSON.stringify(members['content'] ?? {})),
    redacts: typeof members['redacts'] === 'string' ? members['redacts'] : '',
  }
}

function membersOf(json: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(json)) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}

/** The request that an address stands for; `undefined`: nothing has been tried yet. */
function triedBy(room_id: string, query: RouteQuery): WhatIfRequest | undefined {
  const {
    at = '',
    content = '{}',
    key = '',
    redacts = '',
    sender = '',
    side = 'after',
    state,
    type = '',
  } = query
  if (query['try'] !== 'yes' || contentFault(content) !== undefined) return undefined
  const members = [
    `"type":${JSON.stringify(type)}`,
    `"sender":${JSON.stringify(sender)}`,
    ...(state === 'no' ? [] : [`"state_key":${JSON.stringify(key)}`]),
    ...(redacts === '' ? [] : [`"redacts":${JSON.stringify(redacts)}`]),
    // As it is written, so that numbers stay what they are.
    `"content":${content}`,
  ]
  return { room_id, pdu: `{${members.join(',')}}`, event_id: '', at, side }
}

function contentFault(content: string): string | undefined {
  try {
    const value: unknown = JSON.parse(content)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? undefined : 'The content is not a JSON object.'
  } catch (error) {
    return `The content is not valid JSON: ${messageOf(error)}`
  }
}
