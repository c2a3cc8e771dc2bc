import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import { askStateIds, storeState, type RemoteStateIds } from './fetch-state.ts'
import type { Gap } from './gap.ts'
import { firstOf } from './first-success.ts'
import { resolveRemoteStatesTask } from './resolve-remote-states-task.ts'

/** How many servers are asked at once for the state before an event, that of the attempt included. */
const ASKED_AT_ONCE = 3

/** A state before an event, and the servers that tell it. */
interface RemoteState extends RemoteStateIds {
  readonly servers: string[]
}

/**
 * The state before an event, stored, as servers of the room tell it. Others are asked at the same time as the server of
 * the gap, so that nobody leaves out or adds alone: what most of them tell is taken, and where no state has most of them
 * behind it, what we lack of each is fetched and they are resolved. A state that lacks what its own events show to have
 * been there takes two servers to be believed. Who does not answer in time, or gives no whole state, does not count.
 *
 * @returns none: nothing is believed
 * @throws {RoomserverError} COMPONENT_FAILED when the server of the gap does not answer
 */
export async function agreedRemoteState(gap: Gap, event: Pdu): Promise<readonly EventId[]> {
  const states = await askAll(gap, event)
  const [most, second] = states.toSorted((a, b) => b.servers.length - a.servers.length)
  if (most === undefined) return []
  if (second === undefined) return await stored(gap, event, most)
  gap.parts.counters.statesDiffered++
  const isAgreed = most.servers.length > second.servers.length
  const agreed = isAgreed ? await stored(gap, event, most) : []
  if (agreed.length > 0) return note(gap, event, states, agreed)
  const whole: (readonly EventId[])[] = []
  for (const remote of isAgreed ? states.filter((one) => one !== most) : states) {
    if (whole.length > 0 && gap.isTimeUp()) break
    const eventIds = await stored(gap, event, remote)
    if (eventIds.length > 0) whole.push(eventIds)
  }
  const [first, ...others] = whole
  if (first === undefined || others.length === 0) return note(gap, event, states, first ?? [])
  return note(gap, event, states, await gap.parts.input.runTask(resolveRemoteStatesTask(event, whole)))
}

/** The states that the server of the gap and other servers supply; equal states together. */
async function askAll(gap: Gap, event: Pdu): Promise<readonly RemoteState[]> {
  const others = gap.servers.filter((other) => other !== gap.server).slice(0, ASKED_AT_ONCE - 1)
  const before = gap.remoteStates.get(event.eventId)?.keys() ?? []
  const asked = new Set([...others, ...before])
  asked.delete(gap.server)
  const own = ask(gap, gap.server, event)
  const answers = [...asked].map(async (server) => {
    const answer = ask(gap, server, event).catch(() => undefined)
    return [server, await firstOf([answer], gap.patienceMs)] as const
  })
  const states: RemoteState[] = []
  for (const [server, ids] of [[gap.server, await own] as const, ...(await Promise.all(answers))]) {
    if (ids === undefined) continue
    const same = states.find((one) => isSame(one, ids))
    if (same === undefined) states.push({ ...ids, servers: [server] })
    else same.servers.push(server)
  }
  return states
}

/** A state, once all of it is stored that those who tell it can give; none: it is not to be had, or not believed. */
async function stored(gap: Gap, event: Pdu, remote: RemoteState): Promise<readonly EventId[]> {
  for (const server of remote.servers) {
    const state = await storeState(gap.parts, gap, server, event, remote).catch(() => undefined)
    if (state === undefined || state.eventIds.length === 0) continue
    return state.isClosed || remote.servers.length > 1 ? state.eventIds : []
  }
  return []
}

function note(
  { parts }: Gap,
  { roomId, eventId }: Pdu,
  states: readonly RemoteState[],
  agreed: readonly EventId[],
): readonly EventId[] {
  const answers = states.map(({ servers, state }) => `${servers.join(', ')}: ${state.length} entries`)
  const fields = { room_id: roomId, event_id: eventId, states: answers, agreed: agreed.length }
  parts.log.warn(fields, 'servers supplied different states before an event; using the agreed state')
  return agreed
}

/** Asks a server, once for each event in a repair. */
function ask({ parts, roomId, remoteStates }: Gap, server: string, event: Pdu): Promise<RemoteStateIds> {
  const ofEvent = remoteStates.get(event.eventId) ?? new Map<string, Promise<RemoteStateIds>>()
  const answer = ofEvent.get(server) ?? askStateIds(parts, { roomId }, server, event)
  remoteStates.set(event.eventId, ofEvent.set(server, answer))
  return answer
}

function isSame({ state: a }: RemoteStateIds, { state: b }: RemoteStateIds): boolean {
  if (a.length !== b.length) return false
  const ids = new Set(a)
  return b.every((id) => ids.has(id))
}
