import { type AuthVerdict, authStateOf, authTypesFor, checkAuth, checkAuthEvents } from '@roomserver/auth'
import { type Pdu, trustedPdu } from '@roomserver/events'
import { resolvingState, stateEntries, type StateMap, stateMap } from '@roomserver/state'
import { drive, type EventId, isFailure, isJsonObject, type JsonObject } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'

/** How many states, and entries of all of them, a question may have; and how many events an answer may take. */
const MAX_STATES = 100
const MAX_ENTRIES = 20_000
const MAX_EVENTS = 5_000

/** What TARDIS is told: event IDs by type and state key, as a JSON list; and why the event is not among them. */
export interface TardisAnswer {
  readonly result: Readonly<Record<string, EventId>>
  /** Empty: the event is allowed. */
  readonly error: string
}

/** Gives events by their IDs, as TARDIS has them; those that it does not have are left out. */
export type TardisEvents = (ids: readonly EventId[]) => Promise<ReadonlyMap<EventId, JsonObject>>

/**
 * Answers a question of TARDIS: resolves states, and says whether an event is allowed then, and what the state after it is.
 *
 * @param data - of a message `resolve_state`; whatever stands there
 * @see https://github.com/matrix-org/tardis
 */
export async function resolveForTardis(data: unknown, getEvents: TardisEvents): Promise<TardisAnswer> {
  const question = questionIn(data)
  if (typeof question === 'string') return { result: {}, error: question }
  const { event, rules, sets } = question
  const events = new Map<EventId, Pdu>()
  const fetchEvents = async (ids: readonly EventId[]): Promise<Pdu[]> => {
    const missing = ids.filter((id) => !events.has(id))
    if (events.size + missing.length > MAX_EVENTS)
      throw new RangeError(`more than ${MAX_EVENTS} events are needed`)
    const found = missing.length === 0 ? new Map<EventId, JsonObject>() : await getEvents(missing)
    for (const [id, members] of found) events.set(id, pduOf(id, members, rules))
    return ids.flatMap((id) => events.get(id) ?? [])
  }
  try {
    const state = await resolved(sets, { rules, events, fetchEvents })
    const entries = [...stateEntries(state)]
    const verdict = event.stateKey === undefined ? undefined : await verdictOf(event, state, fetchEvents)
    const isAllowed = verdict?.allowed === true
    if (isAllowed) entries.push([event.type, event.stateKey ?? '', event.eventId])
    return {
      result: Object.fromEntries(entries.map(([type, key, id]) => [JSON.stringify([type, key]), id])),
      error: verdict === undefined || isAllowed ? '' : `${event.eventId} is rejected: ${reasonOf(verdict)}`,
    }
  } catch (error) {
    if (!isFailure(error) && !(error instanceof RangeError)) throw error
    return { result: {}, error: error.message }
  }
}

/** Resolves states, and fetches what that takes a step at a time; others have their turns meanwhile. */
async function resolved(
  sets: readonly StateMap[],
  {
    events,
    fetchEvents,
    rules,
  }: {
    readonly rules: RoomVersionRules
    readonly events: ReadonlyMap<EventId, Pdu>
    readonly fetchEvents: (ids: readonly EventId[]) => Promise<readonly Pdu[]>
  },
): Promise<StateMap> {
  const nothing = async (): Promise<void> => undefined
  for (let isSure = false; ; ) {
    const options = { version: rules, events: (id: EventId) => events.get(id) }
    const unknownAuthEvents = isSure ? ('ignored' as const) : ('required' as const)
    try {
      return (await drive(resolvingState(sets, { ...options, unknownAuthEvents }), nothing, rest)).state
    } catch (error) {
      if (isSure || !isFailure(error, 'MISSING_EVENTS')) throw error
      let layer = await fetchEvents(error.details.eventIds)
      isSure = layer.length === 0
      while (layer.length > 0) {
        const next = new Set(layer.flatMap(({ authEvents }) => authEvents).filter((id) => !events.has(id)))
        layer = next.size === 0 ? [] : await fetchEvents([...next])
      }
    }
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

function reasonOf(verdict: AuthVerdict): string {
  return verdict.allowed ? '' : `${verdict.reason} (rule ${verdict.rule})`
}

/** Whether the rules allow an event, by what it refers to and by the state before it. */
async function verdictOf(
  event: Pdu,
  state: StateMap,
  fetchEvents: (ids: readonly EventId[]) => Promise<readonly Pdu[]>,
): Promise<AuthVerdict> {
  const auth = new Map((await fetchEvents(event.authEvents)).map((pdu) => [pdu.eventId, pdu]))
  const own = checkAuthEvents(event, { get: (id) => auth.get(id), isRejected: () => false })
  if (!own.allowed) return own
  const byAuth = checkAuth(event, authStateOf(auth.values()))
  if (!byAuth.allowed) return byAuth
  const ids = authTypesFor(event, event.rules).map(([type, key]) => state.get(type)?.get(key))
  return checkAuth(event, authStateOf(await fetchEvents(ids.filter((id) => id !== undefined))))
}

interface Question {
  readonly rules: RoomVersionRules
  readonly sets: readonly StateMap[]
  readonly event: Pdu
}

/** What is asked; or what is wrong with it. */
function questionIn(data: unknown): Question | string {
  if (!isJsonObject(data)) return 'data: expected an object'
  const { event, room_version: version, state } = data
  const rules = typeof version === 'string' ? roomVersion(version) : undefined
  if (rules === undefined) return `room_version: ${JSON.stringify(version)} is not known`
  if (!isJsonObject(event) || typeof event['event_id'] !== 'string' || typeof event['type'] !== 'string')
    return 'event: expected an event with its ID'
  if (!Array.isArray(state) || state.length > MAX_STATES)
    return `state: expected at most ${MAX_STATES} states`
  let left = MAX_ENTRIES
  const sets: StateMap[] = []
  for (const one of state) {
    const entries = isJsonObject(one) ? Object.entries(one).map(entryOf) : [undefined]
    left -= entries.length
    const whole = entries.filter((entry) => entry !== undefined)
    if (left < 0 || whole.length < entries.length) return 'state: expected event IDs by type and state key'
    sets.push(stateMap(whole))
  }
  return { rules, sets, event: pduOf(event['event_id'], event, rules) }
}

function entryOf([tuple, id]: [string, unknown]): readonly [string, string, EventId] | undefined {
  let key: unknown
  try {
    key = JSON.parse(tuple)
  } catch {
    return undefined
  }
  if (!Array.isArray(key) || typeof id !== 'string') return undefined
  const [type, stateKey]: readonly unknown[] = key
  return typeof type === 'string' && typeof stateKey === 'string' ? [type, stateKey, id] : undefined
}

function pduOf(id: EventId, members: JsonObject, rules: RoomVersionRules): Pdu {
  const { event_id: _own, ...rest } = members
  return trustedPdu(JSON.stringify(rules.eventId === 'domain' ? members : rest), id, rules)
}
