import { createHash } from 'node:crypto'
import { checkAuth } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { RoomVersionRules } from '@roomserver/version'
import { iterativeAuthChecks } from './checks.ts'
import { isPowerEvent, mainlineOrder, reverseTopologicalPowerOrder } from './orders.ts'
import { authChainOf, authDifference, authEventsOf, keyOf, type Room, type State, split } from './state.ts'

/** The steps of a slow resolution by the second algorithm. */
export interface SlowSteps {
  /** Besides the conflicted events. */
  readonly authDifference: ReadonlySet<Pdu>
  /** Besides the conflicted events. */
  readonly subgraph: ReadonlySet<Pdu>
  readonly power: readonly Pdu[]
  readonly remaining: readonly Pdu[]
  readonly state: State
}

/** State resolution as the specification tells it, step by step, with no thought of speed. */
export function resolveSlowly(sets: readonly State[], rules: RoomVersionRules, room: Room): State {
  return rules.stateResolution === 'v1' ? resolveSlowlyV1(sets, room) : slowSteps(sets, rules, room).state
}

/** The second algorithm (2 or 2.1) with its intermediate results. */
export function slowSteps(sets: readonly State[], rules: RoomVersionRules, room: Room): SlowSteps {
  const { conflicted, unconflicted } = split(sets)
  const conflictedEvents = new Set(conflicted.flatMap((set) => [...set.values()]))
  const besides = (events: Iterable<Pdu>) =>
    new Set([...events].filter((event) => !conflictedEvents.has(event)))
  const difference = besides(conflictedEvents.size === 0 ? [] : authDifference(sets, room))
  const subgraph = besides(rules.stateResolution === 'v2.1' ? conflictedSubgraph(conflictedEvents, room) : [])
  const full = new Set([...conflictedEvents, ...difference, ...subgraph])

  // Version 12: "the create event is the one that the room ID names".
  const home = [...full, ...unconflicted.values()].find(({ type }) => type !== 'm.room.create')?.roomId
  const isOfRoom = ({ roomId, type }: Pdu): boolean =>
    rules.roomId !== 'create-hash' || type !== 'm.room.create' || roomId === home

  const power = reverseTopologicalPowerOrder(powerEvents(full, room), room)
  const base = rules.stateResolution === 'v2.1' ? new Map<string, Pdu>() : unconflicted
  const partial = iterativeAuthChecks(base, power.filter(isOfRoom), room)

  const powerLevels = partial.get(keyOf('m.room.power_levels', ''))
  const leftOver = [...full].filter((event) => !power.includes(event))
  const remaining = mainlineOrder(leftOver, powerLevels, room)
  const resolved = iterativeAuthChecks(partial, remaining.filter(isOfRoom), room)
  const state = new Map([...resolved, ...unconflicted])
  return { authDifference: difference, subgraph, power, remaining, state }
}

/** The power events, and for each the events of its auth chain that are in the full conflicted set (walked within it). */
function powerEvents(full: ReadonlySet<Pdu>, room: Room): ReadonlySet<Pdu> {
  const chosen = new Set([...full].filter(isPowerEvent))
  for (const event of chosen) {
    for (const referenced of authEventsOf(event, room)) if (full.has(referenced)) chosen.add(referenced)
  }
  return chosen
}

/** "All events on paths of auth_events between conflicted events, the ends included." */
function conflictedSubgraph(conflicted: ReadonlySet<Pdu>, room: Room): ReadonlySet<Pdu> {
  const below = new Set([...conflicted].flatMap((event) => [event, ...authChainOf(event, room)]))
  const leadsBack = (event: Pdu): boolean =>
    [...authChainOf(event, room)].some((referenced) => conflicted.has(referenced))
  return new Set([...below].filter((event) => conflicted.has(event) || leadsBack(event)))
}

function resolveSlowlyV1(sets: readonly State[], room: Room): State {
  const resolved = new Map<string, Pdu>()
  const conflicts = new Map<string, readonly Pdu[]>()
  for (const key of new Set(sets.flatMap((set) => [...set.keys()]))) {
    const values = new Set(sets.map((set) => set.get(key)).filter((event) => event !== undefined))
    const [only] = values
    if (values.size === 1 && only !== undefined) resolved.set(key, only)
    else conflicts.set(key, inOrder([...values].filter((event) => !room.isRejected(event.eventId))))
  }
  for (const type of ['m.room.power_levels', 'm.room.join_rules', 'm.room.member']) {
    const outcome = [...conflicts]
      .filter(([key]) => (type === 'm.room.power_levels' ? key === keyOf(type, '') : typeOf(key) === type))
      .map(([key, events]) => [key, lastOfChain(events, resolved)] as const)
    for (const [key, event] of outcome) {
      if (event !== undefined) resolved.set(key, event)
      conflicts.delete(key)
    }
  }
  const outcome = [...conflicts].map(([key, events]) => [key, newestAllowed(events, resolved)] as const)
  for (const [key, event] of outcome) if (event !== undefined) resolved.set(key, event)
  return resolved
}

function typeOf(key: string): string {
  return String((JSON.parse(key) as readonly unknown[])[0])
}

/** "In order of depth; of equal depth, by the SHA-1 of the event ID, the greater first." */
function inOrder(events: readonly Pdu[]): readonly Pdu[] {
  const sha1 = (event: Pdu): string => createHash('sha1').update(event.eventId).digest('hex')
  return events.toSorted((x, y) => x.depth - y.depth || (sha1(x) > sha1(y) ? -1 : 1))
}

/** "Start with the first; each that the state with the one before allows takes its place, until one is not allowed." */
function lastOfChain(events: readonly Pdu[], state: State): Pdu | undefined {
  let [winner] = events
  for (const event of events.slice(1)) {
    if (winner === undefined) return undefined
    const before = new Map(state).set(keyOf(winner.type, winner.stateKey ?? ''), winner)
    if (!isAllowedIn(event, before)) return winner
    winner = event
  }
  return winner
}

/** "The newest that is allowed", or the oldest when none is. */
function newestAllowed(events: readonly Pdu[], state: State): Pdu | undefined {
  return events.findLast((event) => isAllowedIn(event, state)) ?? events[0]
}

function isAllowedIn(event: Pdu, state: State): boolean {
  return checkAuth(event, { get: (type, stateKey) => state.get(keyOf(type, stateKey)) }).allowed
}
