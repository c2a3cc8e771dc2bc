import { checkPdu, type Pdu } from '@roomserver/events'
import { type EventId, invalidArgument, isFailure } from '@roomserver/types'
import type { StateMap } from '../state-map.ts'
import { type ResolvedState, type ResolveOptions, resolveState } from './resolve-state.ts'

/** How to resolve with events that have to be fetched. */
export interface AsyncResolveOptions extends Omit<ResolveOptions, 'events'> {
  /**
   * Fetches events, many at a time: from a database, or other servers, verified. IDs that it gives nothing for are not known
   * anywhere.
   */
  readonly fetchEvents: (ids: readonly EventId[]) => Promise<Iterable<Pdu>>
  /** Events that are at hand, so that they are not fetched. */
  readonly events?: ResolveOptions['events'] | undefined
}

/**
 * {@link resolveState} with events that are fetched when they are needed: the events in conflict, and their auth chains, a
 * step at a time.
 *
 * @throws {RoomserverError} MISSING_EVENTS with the events that `fetchEvents` did not give, and those of `resolveState`
 * @example
 * ```ts
 * import type { Pdu } from '@roomserver/events'
 * import { resolveStateAsync, type StateMap } from '@roomserver/state'
 *
 * declare const states: readonly StateMap[]
 * declare const database: { eventsWithIds(ids: readonly string[]): Promise<readonly Pdu[]> }
 * const { state } = await resolveStateAsync(states, {
 *   version: '11',
 *   fetchEvents: (ids) => database.eventsWithIds(ids),
 * })
 * console.log(state.get('m.room.topic')?.get(''))
 * ```
 */
export async function resolveStateAsync(
  sets: readonly StateMap[],
  asyncOptions: AsyncResolveOptions,
): Promise<ResolvedState> {
  const { fetchEvents, events: atHand, unknownAuthEvents, ...options } = asyncOptions ?? {}
  if (typeof fetchEvents !== 'function')
    throw invalidArgument('fetchEvents', 'a function that fetches events')
  if (atHand !== undefined && typeof atHand !== 'function')
    throw invalidArgument('events', 'a function that gives the Pdu of an ID')
  const known = new Map<EventId, Pdu>()
  const asked = new Set<EventId>()
  const events = (id: EventId) => known.get(id) ?? atHand?.(id)
  const fetchNew = async (ids: Iterable<EventId>): Promise<readonly Pdu[]> => {
    const wanted = [...new Set(ids)].filter((id) => !asked.has(id) && events(id) === undefined)
    if (wanted.length === 0) return []
    for (const id of wanted) asked.add(id)
    const given = await fetchEvents(wanted)
    if (typeof given?.[Symbol.iterator] !== 'function')
      throw invalidArgument('fetchEvents', 'a function that gives a list of Pdus')
    const fetched = [...given].filter((pdu) => {
      checkPdu('fetchEvents', pdu)
      return asked.has(pdu.eventId)
    })
    for (const pdu of fetched) known.set(pdu.eventId, pdu)
    return fetched
  }

  for (;;) {
    try {
      return resolveState(sets, { ...options, events })
    } catch (error) {
      if (!isFailure(error, 'MISSING_EVENTS')) throw error
      let fetched = await fetchNew(error.details.eventIds)
      if (fetched.length === 0) return resolveState(sets, { ...options, unknownAuthEvents, events })
      // Their auth chains are needed next.
      while (fetched.length > 0) fetched = await fetchNew(fetched.flatMap(({ authEvents }) => authEvents))
    }
  }
}
