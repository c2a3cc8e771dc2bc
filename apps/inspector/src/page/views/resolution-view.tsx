import type { EventSummary, InspectResolutionResponse, ResolutionCheck } from '@roomserver/api'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { useLoaded } from '../app/use-loaded.ts'
import { goTo } from '../app/use-route.ts'
import { WaitFor } from '../app/wait-for.tsx'
import { TypeAndKey } from '../graph/event-words.tsx'
import type { RouteQuery } from '../route.ts'
import { Sentence } from '../text/sentence.tsx'
import { Id } from '../text/text.tsx'
import { countText } from '../text/time.ts'
import { Rule } from './auth-check.tsx'
import { EventLine } from './event-line.tsx'

/** A resolution with its events at hand. */
interface Replay {
  readonly roomId: string
  readonly found: InspectResolutionResponse
  readonly events: ReadonlyMap<string, EventSummary>
}

/** A step of the algorithm: its name in the specification, what it is about, and what came out. */
interface Step {
  readonly name: string
  readonly about: string
  readonly body: (replay: Replay) => ComponentChildren
}

/** The resolution of several states into one, step by step. */
export function ResolutionView({
  query,
  roomId,
}: {
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const { api } = useInspected()
  const { at = '', moment = '' } = query
  const loaded = useLoaded(() => api.resolution({ room_id: roomId, at, moment }), [api, roomId, at, moment])
  return (
    <div class="view">
      <p class="about">
        <WhichState at={at} moment={moment} />
      </p>
      <WaitFor loaded={loaded} what="the resolution">
        {(found) => <Stepper found={found} roomId={roomId} query={query} />}
      </WaitFor>
    </div>
  )
}

function WhichState({ at, moment }: { readonly at: string; readonly moment: string }): JSX.Element {
  if (at === '') return <>The current state, resolved from the states after the forward extremities.</>
  const event = <Id value={at} short={44} />
  if (moment === 'arrival') {
    return (
      <>The current state when {event} arrived, resolved from the states after the forward extremities.</>
    )
  }
  return <>The state before {event}, resolved from the states after its prev events.</>
}

function Stepper({
  found,
  query,
  roomId,
}: {
  readonly found: InspectResolutionResponse
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const events = useMemo(() => new Map(found.events.map((event) => [event.event_id, event])), [found])
  const steps = stepsOf(found)
  const place = Math.min(Math.max(Number(query['step'] ?? '1') || 1, 1), steps.length) - 1
  const show = (next: number): void => {
    if (next < 0 || next >= steps.length) return
    goTo({ view: 'room', roomId, tab: 'resolution', query: { ...query, step: String(next + 1) } }, true)
  }
  useEffect(() => {
    const onKey = (pressed: KeyboardEvent): void => {
      if (pressed.target instanceof HTMLElement && pressed.target.matches('input, textarea, select')) return
      if (pressed.key === 'ArrowRight') show(place + 1)
      else if (pressed.key === 'ArrowLeft') show(place - 1)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  })
  const step = steps[place]
  if (!found.is_needed || step === undefined) {
    return <p class="note">The states are the same: there is nothing to resolve here.</p>
  }
  return (
    <div class="stepper">
      <nav aria-label="Steps of the resolution">
        <ol>
          {steps.map(({ name }, index) => (
            <li key={name}>
              <button
                type="button"
                aria-current={index === place ? 'step' : undefined}
                onClick={() => show(index)}
              >
                <span class="number">{index + 1}</span> {name}
              </button>
            </li>
          ))}
        </ol>
      </nav>
      <section class="step" aria-label={step.name}>
        <div class="step-head">
          <h2>
            {place + 1}. {step.name}
          </h2>
          <span class="buttons">
            <button type="button" disabled={place === 0} onClick={() => show(place - 1)}>
              ← Back
            </button>
            <button type="button" disabled={place === steps.length - 1} onClick={() => show(place + 1)}>
              Next →
            </button>
          </span>
        </div>
        <p class="about">{step.about}</p>
        {step.body({ found, events, roomId })}
        {found.is_shortened && (
          <p class="note">Some lists are longer; their first 1,000 elements are shown.</p>
        )}
      </section>
    </div>
  )
}

/** The steps that the algorithm of the room has. */
function stepsOf(found: InspectResolutionResponse): readonly Step[] {
  const isV1 = found.algorithm === 'v1'
  const common = [STATE_SETS, CONFLICTED]
  if (isV1) return [...common, V1_CHECKS, RESULT]
  const subgraph = found.algorithm === 'v2.1' ? [SUBGRAPH] : []
  return [...common, ...subgraph, AUTH_DIFFERENCE, POWER_EVENTS, MAINLINE, OTHER_CHECKS, RESULT]
}

const STATE_SETS: Step = {
  name: 'State sets',
  about: 'The states that are to become one, each after one or more events.',
  body: ({ events, found, roomId }) => (
    <ol class="sets">
      {found.state_sets.map(({ after, entries }, index) => (
        <li key={index}>
          <p>
            Set {index + 1}: {countText(entries)} entries, the state after
          </p>
          <Events ids={after} events={events} roomId={roomId} none="" />
        </li>
      ))}
    </ol>
  ),
}

const CONFLICTED: Step = {
  name: 'Conflicted state',
  about: 'Entries that are not the same in all sets. All others are taken over as they are.',
  body: ({ events, found, roomId }) => (
    <>
      <p>{countText(found.unconflicted)} entries are unconflicted.</p>
      <table class="conflicts">
        <thead>
          <tr>
            <th scope="col">Entry</th>
            {found.state_sets.map((_, index) => (
              <th scope="col" key={index}>
                Set {index + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.conflicts.map(({ candidates, state_key, type }) => (
            <tr key={`${type} ${state_key}`}>
              <th scope="row">
                <TypeAndKey event={{ type, state_key }} />
              </th>
              {candidates.map((id, index) => (
                <td key={index}>
                  <Named id={id} events={events} roomId={roomId} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  ),
}

const SUBGRAPH: Step = {
  name: 'Conflicted state subgraph',
  about: 'Events on a way from one conflicted event to another one, over auth events.',
  body: ({ events, found, roomId }) => (
    <Events ids={found.subgraph} events={events} roomId={roomId} none="There are none." />
  ),
}

const AUTH_DIFFERENCE: Step = {
  name: 'Auth difference',
  about:
    'Events that are in the auth chain of some set and not of all. With the conflicted ones they are the full conflicted set.',
  body: ({ events, found, roomId }) => (
    <Events
      ids={found.auth_difference}
      events={events}
      roomId={roomId}
      none="There are none besides conflicted events."
    />
  ),
}

const POWER_EVENTS: Step = {
  name: 'Power events',
  about:
    'Power levels, join rules, kicks and bans, with what they depend on: in reverse topological power ordering, each checked against the state that those before it gave.',
  body: (replay) => (
    <Checks replay={replay} steps={['power']} none="There are none in the full conflicted set." />
  ),
}

const MAINLINE: Step = {
  name: 'Mainline',
  about:
    'The power levels that resulted, those before them, and so on. All other events are ordered by the nearest of these.',
  body: ({ events, found, roomId }) => (
    <Events ids={found.mainline} events={events} roomId={roomId} none="The room has no power levels." />
  ),
}

const OTHER_CHECKS: Step = {
  name: 'Other events',
  about:
    'The rest of the full conflicted set in mainline ordering, each checked against the state that those before it gave. The last allowed event of an entry stays.',
  body: (replay) => <Checks replay={replay} steps={['mainline']} none="There are none." />,
}

const V1_CHECKS: Step = {
  name: 'Checks',
  about:
    'Conflicted entries one kind after another: power levels, join rules, members, all others; each candidate against the state so far.',
  body: (replay) => (
    <Checks
      replay={replay}
      steps={['power-levels', 'join-rules', 'members', 'others']}
      none="There are none."
    />
  ),
}

const RESULT: Step = {
  name: 'Result',
  about: 'What became of each conflict, and why.',
  body: ({ events, found, roomId }) => (
    <>
      <ol class="winners">
        {found.conflicts.map(({ candidates, state_key, type, why, winner }) => (
          <li key={`${type} ${state_key}`}>
            <p class="entry">
              <TypeAndKey event={{ type, state_key }} />
            </p>
            <ul class="candidates">
              {[...new Set(candidates)].map((id) => (
                <li key={id} class={id === winner ? 'won' : 'lost'}>
                  <span class="fate">{id === winner ? '✓ won' : '✕ lost'}</span>
                  <Named id={id} events={events} roomId={roomId} />
                </li>
              ))}
              {winner === '' && !candidates.includes('') && <li class="won">✓ the entry is removed</li>}
              {winner !== '' && !candidates.includes(winner) && (
                <li class="won">
                  <span class="fate">✓ won</span>
                  <Named id={winner} events={events} roomId={roomId} />
                </li>
              )}
            </ul>
            <p class="why">
              <Sentence value={why} roomId={roomId} />
            </p>
          </li>
        ))}
      </ol>
      <p>
        {found.state_sets
          .map((_, index) => {
            const count = found.changes.filter(({ state_set }) => state_set === index).length
            return `The result differs from set ${index + 1} in ${countText(count)} ${count === 1 ? 'entry' : 'entries'}.`
          })
          .join(' ')}
      </p>
    </>
  ),
}

interface EventsProps {
  readonly ids: readonly string[]
  readonly events: ReadonlyMap<string, EventSummary>
  readonly roomId: string
  readonly none: string
}

function Events({ events, ids, none, roomId }: EventsProps): JSX.Element {
  if (ids.length === 0) return <p class="none">{none}</p>
  return (
    <ol class="event-lines">
      {ids.map((id) => (
        <li key={id}>
          <Named id={id} events={events} roomId={roomId} />
        </li>
      ))}
    </ol>
  )
}

function Named({
  events,
  id,
  roomId,
}: {
  readonly id: string
  readonly events: ReadonlyMap<string, EventSummary>
  readonly roomId: string
}): JSX.Element {
  const event = events.get(id)
  if (event !== undefined) return <EventLine event={event} roomId={roomId} />
  return id === '' ? <span class="none">no entry</span> : <Id value={id} short={30} />
}

function Checks({
  none,
  replay,
  steps,
}: {
  readonly replay: Replay
  readonly steps: readonly ResolutionCheck['step'][]
  readonly none: string
}): JSX.Element {
  const checks = replay.found.checks.filter(({ step }) => steps.includes(step))
  if (checks.length === 0) return <p class="none">{none}</p>
  return (
    <ol class="checks">
      {checks.map((check) => (
        <li
          key={`${check.step} ${check.event_id}`}
          class={check.is_allowed && !check.was_rejected ? 'allowed' : 'refused'}
        >
          <Named id={check.event_id} events={replay.events} roomId={replay.roomId} />
          <p class="outcome">
            <span class={check.is_allowed ? 'yes' : 'no'}>
              {check.is_allowed ? '✓ allowed' : '✕ not allowed'}
            </span>
            {check.was_rejected && <span class="no"> but it was rejected when it was received</span>}
            {check.step === 'mainline' && (
              <span class="quiet">
                {' '}
                {check.mainline_position < 0
                  ? 'not on the mainline'
                  : `mainline position ${check.mainline_position}`}
              </span>
            )}
            {check.reason !== '' && (
              <>
                {' — '}
                <Sentence value={check.reason} roomId={replay.roomId} />
              </>
            )}
          </p>
          <p class="by-rule">
            <Rule rule={check.rule} />
          </p>
          <details>
            <summary>Checked against</summary>
            <ul class="event-lines">
              {check.against.map(({ event_id, state_key, type }) => (
                <li key={`${type} ${state_key}`}>
                  {event_id === '' ? (
                    <>
                      <TypeAndKey event={{ type, state_key }} /> <span class="none">none</span>
                    </>
                  ) : (
                    <Named id={event_id} events={replay.events} roomId={replay.roomId} />
                  )}
                </li>
              ))}
            </ul>
          </details>
        </li>
      ))}
    </ol>
  )
}
