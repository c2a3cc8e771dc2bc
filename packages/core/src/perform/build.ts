import {
  authStateOf,
  authTypesFor,
  type AuthState,
  type AuthVerdict,
  checkAuth,
  selectAuthEvents,
} from '@roomserver/auth'
import { buildEvent, type EventDraft, eventRef, type Pdu } from '@roomserver/events'
import {
  type Suspendable,
  type EventId,
  type EventRecord,
  isFailure,
  type JsonObject,
  type RoomRecord,
  RoomserverError,
  serverOf,
  type UserId,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { readRoom } from '../query/context.ts'
import { authPdusOf, currentAuthPdus } from '../query/current-pdus.ts'
import { eventReference } from '../query/event-references.ts'
import { rulesOf } from '../output/headered.ts'
import { nextDepth } from '../query/next-depth.ts'
import { prevEventsFor } from '../query/prev-events.ts'
import type { Need } from '../view/record-kinds.ts'
import type { StateTuple } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import type { PerformContext } from './context.ts'
import { Refusal } from './refusal.ts'

/** What is to be said in a room. */
export interface EventTemplate {
  readonly type: string
  readonly sender: UserId
  /** Left out: no state event. */
  readonly stateKey?: string | undefined
  readonly content: JsonObject
  /** What a redaction redacts. */
  readonly redacts?: EventId | undefined
}

/** What a new event is built from. */
interface Ground {
  readonly prev: readonly EventRecord[]
  /** As much of the current state as decides about the event. */
  readonly state: AuthState
}

/**
 * Makes an event on top of a room as it is now: its prev events are the forward extremities (of more than an event may
 * name, those at which it is allowed), its auth events those that the current state has for it.
 *
 * @throws {Refusal} with the code for a bad request when what is said cannot be put into an event
 */
export async function buildOnTop(
  context: PerformContext,
  room: RoomRecord,
  template: EventTemplate,
): Promise<Pdu> {
  const rules = rulesOf(room)
  const { prev, state } = await readRoom(context, (view) => baseFor(view, room, template))
  return await built(context, rules, {
    ...template,
    roomId: room.roomId,
    prevEvents: prev.map((record) => eventReference(record, rules)),
    authEvents: selectAuthEvents(subjectOf(template), state, rules).map(eventRef),
    depth: nextDepth(prev),
  })
}

/** What the builder fills in itself. */
export type Unsigned = Omit<EventDraft, 'eventId' | 'originServerTs' | 'origin'>

/** Makes, signs and checks an event of which everything is known. @throws {Refusal} see {@link buildOnTop} */
export async function built(
  { clock, randomId, serverName, signingKey }: PerformContext,
  rules: RoomVersionRules,
  event: Unsigned,
): Promise<Pdu> {
  const draft: EventDraft = {
    ...event,
    originServerTs: clock.now(),
    origin: serverName,
    ...(rules.eventId === 'domain' && { eventId: `$${randomId(16)}:${serverName}` }),
  }
  const verdict = await buildEvent(draft, rules, signingKey).catch(withoutCanonicalForm)
  if (verdict.ok) return verdict.pdu
  const { rule, reason } = verdict
  const message = `Failed to build new "${event.type}" event: ${reason}`
  const cause = new RoomserverError('MALFORMED_EVENT', { rule, reason }, message)
  throw new Refusal('badRequest', message, 0, { cause })
}

/** Why no event can be made. */
interface Malformed {
  readonly ok: false
  readonly rule: string
  readonly reason: string
}

function withoutCanonicalForm(error: unknown): Malformed {
  if (isFailure(error, 'MALFORMED_EVENT')) return { ok: false, ...error.details }
  throw error
}

/**
 * Why the rules would refuse to let something be said in a room as it is now; `undefined`: they allow it. Answers
 * without making an event.
 */
export async function refusalOf(
  context: PerformContext,
  room: RoomRecord,
  template: EventTemplate,
): Promise<string | undefined> {
  const verdict = await verdictOn(context, room, template)
  return verdict.allowed ? undefined : verdict.reason
}

/** Whether the rules allow something in a room as it is now, without making an event. */
export async function verdictOn(
  context: PerformContext,
  room: RoomRecord,
  template: EventTemplate,
): Promise<AuthVerdict> {
  const state = await readRoom(context, (view) => stateFor(view, room, template))
  return checkAuth(imagined(room, template), state)
}

/** An event that is not to be sent, to ask the rules about. */
export function imagined(room: RoomRecord, template: EventTemplate): Pdu {
  return {
    ...subjectOf(template),
    // In room versions 1 and 2 its server decides what a redaction may redact.
    eventId: `$:${serverOf(template.sender)}`,
    roomId: room.roomId,
    rules: rulesOf(room),
    depth: nextDepth([room]),
    originServerTs: 0,
    prevEvents: [''],
    authEvents: [],
    redacts: template.redacts,
    json: '{}',
  }
}

function subjectOf({ type, sender, stateKey, content }: EventTemplate) {
  return { type, sender, stateKey, content }
}

function* baseFor(view: View, room: RoomRecord, template: EventTemplate): Suspendable<Need, Ground> {
  const tuples = tuplesFor(room, template)
  const subject = imagined(room, template)
  const prev = yield* prevEventsFor(view, room, {
    tuples,
    *willDo(events) {
      return checkAuth(subject, authStateOf(yield* authPdusOf(view, room, events))).allowed
    },
  })
  return {
    prev: prev.toSorted((a, b) => b.depth - a.depth),
    state: authStateOf(yield* currentAuthPdus(view, room, tuples)),
  }
}

function* stateFor(view: View, room: RoomRecord, template: EventTemplate): Suspendable<Need, AuthState> {
  return authStateOf(yield* currentAuthPdus(view, room, tuplesFor(room, template)))
}

function tuplesFor(room: RoomRecord, template: EventTemplate): readonly StateTuple[] {
  const tuples = authTypesFor(subjectOf(template), rulesOf(room))
  return tuples.map(([type, stateKey]) => ({ type, stateKey }))
}
