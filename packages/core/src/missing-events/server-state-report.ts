import { trustedPdu } from '@roomserver/events'
import { RoomserverError, type EventId, type RoomId } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { Store } from '../ports.ts'
import { fetchStateBefore, type FetchParts } from './fetch-state.ts'
import { knownRoom } from './known-room.ts'

/** The state before the latest event of a room as servers tell it; those that tell the same stand together. */
export interface ServerState {
  readonly servers: readonly string[]
  /** The forward extremity that it is the state before. */
  readonly extremity: EventId
  readonly eventIds: readonly EventId[]
}

/** What servers answered, the state that most of them tell first, and why others did not. */
export interface ServerStateReport {
  readonly states: readonly ServerState[]
  readonly failures: ReadonlyMap<string, string>
}

/** What asking works with. */
export interface AskStateParts extends FetchParts {
  readonly store: Store
  readonly serverName: string
}

/**
 * Asks servers of a room for the state before its latest event. Events that we lack are stored beside the room's graph,
 * once their signatures are checked; nothing else changes.
 *
 * @param maxServers - servers beyond so many are not asked
 * @throws {RoomserverError} ROOM_NOT_FOUND
 */
export async function serverStateReport(
  parts: AskStateParts,
  roomId: RoomId,
  maxServers: number,
): Promise<ServerStateReport> {
  const room = await knownRoom(parts.store, roomId)
  const rules = roomVersion(room.version)
  const extremities = await parts.store.eventsByNid(room.extremities)
  const [latest] = extremities.toSorted((a, b) => b.depth - a.depth)
  if (rules === undefined || latest === undefined) {
    throw new RoomserverError('ROOM_NOT_FOUND', { roomId }, `room ${roomId} is not known here`)
  }
  const event = trustedPdu(latest.json, latest.eventId, rules)
  const others = (await parts.store.joinedServers(room.nid)).filter((server) => server !== parts.serverName)
  const asked = others.slice(0, maxServers)
  const byState = new Map<string, ServerState>()
  const failures = new Map<string, string>()
  // One after the other: each takes what the ones before it brought.
  for (const server of asked) {
    try {
      const { eventIds } = await fetchStateBefore(parts, { roomId, rules }, server, event)
      const key = JSON.stringify(eventIds.toSorted())
      const servers = [...(byState.get(key)?.servers ?? []), server]
      byState.set(key, { servers, extremity: latest.eventId, eventIds })
    } catch (error) {
      failures.set(server, error instanceof Error ? error.message : String(error))
    }
  }
  const states = [...byState.values()].filter(({ eventIds }) => eventIds.length > 0)
  return { states: states.toSorted((a, b) => b.servers.length - a.servers.length), failures }
}
