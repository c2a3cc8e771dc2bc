import { type Pdu, trustedPdu } from '@roomserver/events'
import { EVENT_TYPE_NIDS, type EventId, type EventRecord, isRejected, NO_NID } from '@roomserver/types'
import { isUnevaluated } from '../evaluate/event-references.ts'
import type { EventInput, Outcome } from '../decide/event-input.ts'
import { eventTask } from '../input/event-task.ts'
import type { EventDecider } from '../input/task-runner.ts'
import type { RecordStore } from '../ports.ts'
import { oldestFirst } from '../graph/oldest-first.ts'
import type { RepairFederation } from './call-budget.ts'
import { type ExpectedRoom, inBatches, verifiedEvents, type VerifyParts } from './verify-events.ts'

/** What fetching works with. */
export interface FetchParts extends VerifyParts {
  readonly federation: RepairFederation
  readonly store: Pick<RecordStore, 'eventsById' | 'eventsByNid'>
  readonly input: EventDecider
  /** Called for each event that is stored on the way. */
  readonly onStored?: (() => void) | undefined
}

/** More missing events than this are asked for all together, and not one by one. */
const MAX_SINGLE = 20
/** A state or an auth chain with more events than this is not taken. */
const MAX_STATE = 200_000

/** A state as one server tells it. */
export interface FetchedState {
  /** None when the answer cannot be the state before the event. */
  readonly eventIds: readonly EventId[]
  /**
   * Whether it has something in every entry of which its own events reference something. One that has not was cut short, or
   * is of a room that has lost part of its state in a resolution.
   */
  readonly isClosed: boolean
}

const NOT_TAKEN: FetchedState = { eventIds: [], isClosed: false }

const CREATE_NID = EVENT_TYPE_NIDS.get('m.room.create')
const MEMBER_NID = EVENT_TYPE_NIDS.get('m.room.member')

/** The IDs of the state before an event, and of its auth chain, as a server tells them. */
export interface RemoteStateIds {
  readonly state: readonly EventId[]
  readonly chain: readonly EventId[]
}

/** Asks a server for the IDs of the state before an event. @throws {RoomserverError} COMPONENT_FAILED */
export async function askStateIds(
  { federation }: Pick<FetchParts, 'federation'>,
  { roomId }: Pick<ExpectedRoom, 'roomId'>,
  server: string,
  { eventId }: Pick<Pdu, 'eventId'>,
): Promise<RemoteStateIds> {
  const answer = await federation.lookupStateIds({ S: server, RoomID: roomId, EventID: eventId })
  return { state: [...new Set(answer.pdu_ids)], chain: answer.auth_chain_ids }
}

/**
 * Stores a remote state, and fetches missing events from the server that supplied it. A state of which
 * it does not give every event is not taken: what it lacks would be missing for all that is built upon it.
 *
 * @throws {RoomserverError} COMPONENT_FAILED when the server does not answer
 */
export async function storeState(
  parts: FetchParts,
  room: ExpectedRoom,
  server: string,
  event: Pdu,
  { state, chain }: RemoteStateIds,
): Promise<FetchedState> {
  if (state.length > MAX_STATE) return NOT_TAKEN
  const missing = await unknownOf(parts, room, [...new Set([...chain, ...state])].slice(0, MAX_STATE))
  if (missing.length > 0) await fetchMissing(parts, room, server, event, missing)
  const stored = await parts.store.eventsById(state)
  const referenced = await parts.store.eventsById(event.authEvents)
  const isWhole = stored.length === state.length && !stored.some((record) => lacksReferenced(record, room))
  if (!isWhole || !isStateBefore(stored, referenced) || !isOfRoom(stored, room)) return NOT_TAKEN
  return { eventIds: stored.map((record) => record.eventId), isClosed: await isClosed(parts, stored) }
}

/** Fetches events of a state, one by one where there are few of them, and otherwise, or where some do not come, with all of it. */
async function fetchMissing(
  parts: FetchParts,
  room: ExpectedRoom,
  server: string,
  { eventId }: Pdu,
  missing: readonly EventId[],
): Promise<void> {
  if (missing.length <= MAX_SINGLE) await fetchEvents(parts, room, server, missing)
  if ((await unknownOf(parts, room, missing)).length === 0) return
  const where = { S: server, RoomID: room.roomId, EventID: eventId }
  const all = await parts.federation.lookupState({ ...where, RoomVersion: room.rules.version })
  await storeOutliers(parts, room, [...all.auth_chain, ...all.pdus])
}

/** Both for one server. @throws see {@link storeState} */
export async function fetchStateBefore(
  parts: FetchParts,
  room: ExpectedRoom,
  server: string,
  event: Pdu,
): Promise<FetchedState> {
  return await storeState(parts, room, server, event, await askStateIds(parts, room, server, event))
}

/**
 * The state before an event has the create event, one event in an entry, and something in every entry of which the event
 * references something.
 */
function isStateBefore(state: readonly EventRecord[], referenced: readonly EventRecord[]): boolean {
  const entries = new Set(state.map(entryOf))
  return (
    entries.size === state.length &&
    state.some(({ typeNid, verdict }) => typeNid === CREATE_NID && !isRejected(verdict)) &&
    referenced.every((one) => entries.has(entryOf(one)))
  )
}

/** Events of other rooms may be stored as well: the create event of one would pass for that of this room. */
function isOfRoom(state: readonly EventRecord[], { roomId, rules }: ExpectedRoom): boolean {
  const create = state.find(({ typeNid }) => typeNid === CREATE_NID)
  if (create === undefined || trustedPdu(create.json, create.eventId, rules).roomId !== roomId) return false
  return state.every(({ roomNid, stateKeyNid }) => roomNid === create.roomNid && stateKeyNid !== NO_NID)
}

/** The same of the events of the state itself: what they reference was in the state once, and entries do not go away. */
async function isClosed(
  { store }: Pick<FetchParts, 'store'>,
  state: readonly EventRecord[],
): Promise<boolean> {
  const entries = new Set(state.map(entryOf))
  const own = new Set(state.map(({ nid }) => nid))
  const others = [...new Set(state.flatMap(({ authNids }) => authNids))].filter((nid) => !own.has(nid))
  for (const some of inBatches(others)) {
    const referenced = await store.eventsByNid(some)
    if (referenced.some((one) => !entries.has(entryOf(one)))) return false
  }
  return true
}

function entryOf({ typeNid, stateKeyNid }: EventRecord): string {
  return `${typeNid} ${stateKeyNid}`
}

/** Stores single events beside the room's graph, as far as the server has them. */
export async function fetchEvents(
  parts: FetchParts,
  room: ExpectedRoom,
  server: string,
  ids: readonly EventId[],
): Promise<void> {
  await storeOutliers(parts, room, await singleEvents(parts, server, ids))
}

/**
 * Single events in the federation format, as far as the server has them. Of an answer the first is taken: one that has more
 * is not to what was asked.
 */
export async function singleEvents(
  { federation }: Pick<FetchParts, 'federation'>,
  server: string,
  ids: readonly EventId[],
): Promise<readonly string[]> {
  const answers = await Promise.allSettled(ids.map((id) => federation.getEvent({ S: server, EventID: id })))
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.pdus.slice(0, 1) : []))
}

/** Sees to it that the auth events of an event are stored. @throws see {@link fetchStateBefore} */
export async function fetchAuthEvents(
  parts: FetchParts,
  room: ExpectedRoom,
  server: string,
  eventId: EventId,
): Promise<void> {
  const { auth_chain: chain } = await parts.federation.getEventAuth({
    S: server,
    RoomVersion: room.rules.version,
    RoomID: room.roomId,
    EventID: eventId,
  })
  await storeOutliers(parts, room, chain)
}

/** Stores events beside the room's graph, those first that others reference. */
async function storeOutliers(parts: FetchParts, room: ExpectedRoom, texts: readonly string[]): Promise<void> {
  const events = await verifiedEvents(parts, room, texts, MAX_STATE)
  for (const some of inBatches(oldestFirst(events, ({ authEvents }) => authEvents))) {
    await Promise.all(some.map((pdu) => ingest(parts, { kind: 'outlier', pdu, sendAsServer: '' })))
  }
}

/** Gives an event to its room without fetching anything for it. */
export async function ingest(
  { input, onStored }: Pick<FetchParts, 'input' | 'onStored'>,
  event: EventInput,
): Promise<Outcome> {
  const outcome = await input.decideOn(event, (given) => input.runTask(eventTask(given)))
  if (outcome.kind === 'stored' && !outcome.known) onStored?.()
  return outcome
}

/** Events that are not stored, or not with what they reference. */
async function unknownOf(
  { store }: Pick<FetchParts, 'store'>,
  room: ExpectedRoom,
  ids: readonly EventId[],
): Promise<readonly EventId[]> {
  const whole = (await store.eventsById(ids)).filter((record) => !lacksReferenced(record, room))
  const known = new Set(whole.map((record) => record.eventId))
  return ids.filter((id) => !known.has(id))
}

/** Whether an event is an invite, or the end of one, that came before what it references: resolutions would pass over it. */
function lacksReferenced(record: EventRecord, { rules }: ExpectedRoom): boolean {
  const { typeNid, verdict, json, eventId } = record
  return (
    typeNid === MEMBER_NID && verdict === 'outlier' && isUnevaluated(record, trustedPdu(json, eventId, rules))
  )
}

/** Whether an event is stored and not refused. */
export function isTaken(outcome: Outcome): boolean {
  return outcome.kind === 'stored' && !isRejected(outcome.verdict)
}

/** An event from the past of its room that somebody asked for. */
export function oldEvent(pdu: Pdu, stateBefore?: readonly EventId[]): EventInput {
  const given = stateBefore === undefined ? undefined : ({ by: 'repair', eventIds: stateBefore } as const)
  return { kind: 'old', pdu, stateBefore: given, sendAsServer: '', isAskedFor: true }
}
