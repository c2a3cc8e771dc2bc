import { auditRoom } from '@roomserver/core'
import { type EventRecord, isRejected, NO_NID } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { textOf } from '@roomserver/testing'
import { checkDeparted } from './check-departed.ts'
import { endAlike, extremitiesOf, countingExtremities, isForgotten } from './check-extremities.ts'
import { checkInvites } from './check-invites.ts'
import { checkPeeks } from './check-peeks.ts'
import { checkAllOutputs } from './check-outputs.ts'
import { isMute, redactionProblems } from './check-redactions.ts'
import { checkWaiting } from './check-waiting.ts'
import { residents } from './heal.ts'
import { same } from '../oracle/same.ts'
import type { Held } from './held.ts'
import { judgeRoom } from '../oracle/judge-room.ts'
import { idsOf, type RoomOracle } from '../oracle/room-oracle.ts'
import { isVouchedFor } from './remote-join.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

/** Holds the honest servers against the reference, and against one another. */
export async function checkWorld(world: World): Promise<void> {
  for (const server of world.servers) {
    const acknowledged = world.acknowledged
      .filter((one) => one.server === server)
      .map(({ eventId }) => eventId)
    const stored = new Set((await server.storage.eventsById(acknowledged)).map(({ eventId }) => eventId))
    const lost = acknowledged.filter((eventId) => !stored.has(eventId))
    for (const eventId of lost) world.problem(`${server.name} said it took ${eventId} in, and lost it`)
  }
  for (const server of world.honest) await checkAllOutputs(world, server)
  await checkWaiting(world)
  for (const roomId of world.rooms) await checkRoom(world, roomId)
  await checkInvites(world)
  for (const server of world.honest) await checkPeeks(world, server)
  await checkDeparted(world)
  for (const server of world.servers) {
    world.figures.repairs += server.counters.repaired
  }
  const members = [...world.events.values()].filter(({ type }) => type === 'm.room.member')
  const { figures } = world
  figures.events += world.events.size
  figures.knocks += members.filter(({ content }) => content['membership'] === 'knock').length
  figures.addresses += members.filter(({ content }) => 'third_party_invite' in content).length
  figures.vouched += members.filter((event) => isVouchedFor(event)).length
}

async function checkRoom(world: World, roomId: string): Promise<void> {
  const servers = await residents(world, roomId)
  const all: Held[] = []
  for (const server of servers) {
    const held = await holdings(world, server, roomId)
    if (held !== undefined) all.push(held)
  }
  const [first] = all
  const room = first && (await first.server.storage.room(roomId))
  const rules = room && roomVersion(room.version)
  if (rules === undefined) return
  const remote = new Map(
    [...world.rolledBack].map(([id, { state }]) => [id, state.map(({ eventId }) => eventId)]),
  )
  const reference = judgeRoom(rules, world.eventsOf(roomId), remote)
  for (const held of all) await checkHeld(world, held, reference)
  compare(world, all, reference)
}

async function holdings(world: World, server: SimulatedServer, roomId: string): Promise<Held | undefined> {
  const { storage } = server
  const room = await storage.room(roomId)
  if (room === undefined || room.current === NO_NID) return undefined
  const ids = world.eventsOf(roomId).map(({ eventId }) => eventId)
  const records = (await storage.eventsById(ids)).filter((record) => record.before !== NO_NID)
  const extremities = await storage.eventsByNid(room.extremities)
  const current = await server.call((api) =>
    api.queryLatestEventsAndState({ room_id: roomId, state_to_fetch: [] }),
  )
  const members = await storage.membershipsOfRoom(room.nid)
  await noteLacked(world, server, records)
  const unsettled = new Set(
    (await storage.remoteStates(room.nid)).filter(({ isVerified }) => !isVerified).map(({ event }) => event),
  )
  return {
    server,
    roomId,
    records: new Map(records.map((record) => [record.eventId, record])),
    remote: new Set(records.filter(({ nid }) => unsettled.has(nid)).map(({ eventId }) => eventId)),
    extremities: extremities.map(({ eventId }) => eventId).toSorted(),
    current: (current?.state_events ?? []).map(({ eventId }) => eventId).toSorted(),
    members: members
      // An invite that came from outside need not have become part of the room; see `checkInvites`.
      .filter(({ membership, event }) => membership !== 'leave' && event !== NO_NID)
      .map(({ userId, membership }) => `${userId} ${membership}`)
      .toSorted(),
    unseen: new Set(
      members
        .filter(({ membership, event }) => membership === 'leave' && event === NO_NID)
        .map(({ userId }) => userId),
    ),
  }
}

/**
 * Notes events whose state before them a liar told while the server lacked some prev event that there is, and that came
 * with the past of the room: the remote state stands in for that one too then, and goes on to when it has come.
 */
async function noteLacked(
  world: World,
  server: SimulatedServer,
  records: readonly EventRecord[],
): Promise<void> {
  for (const { eventId, nid } of records) {
    if (!world.rolledBack.has(eventId)) continue
    const prev = (world.events.get(eventId)?.prevEvents ?? []).filter((id) => server.shown.has(id))
    const lacking = await server.storage.missingPrevEvents(prev)
    if (lacking.some(({ by }) => by === nid)) server.deceivedAbout.add(eventId)
  }
}

/** Verdicts, states, extremities and members of one server. */
async function checkHeld(world: World, held: Held, reference: RoomOracle): Promise<void> {
  const { server, roomId, records, extremities, current, unseen } = held
  for (const { pdu } of reference.all) {
    const record = records.get(pdu.eventId)
    if (record !== undefined) await checkEvent(world, held, record, reference)
  }
  const { storage } = server
  const room = await storage.room(roomId)
  const source = { store: storage, eventsOfRoom: storage.eventsOfRoom }
  for await (const problem of room === undefined ? [] : auditRoom(source, room)) {
    world.problem(`${server.name}, by its own check: ${problem}`)
  }
  for (const problem of redactionProblems(records, reference)) {
    world.problem(`${server.name}: ${problem} in ${roomId}`)
  }

  const state = reference.stateAfter(extremities)
  if (extremities.some((id) => isStandInLate(world, held, id, reference))) {
    world.figures.deceived++
    return
  }
  if (state === undefined) world.problem(`${server.name} has extremities of ${roomId} that nobody can judge`)
  else if (!same(idsOf(state), current)) {
    world.problem(`${server.name}: current state of ${roomId} ${difference(current, idsOf(state))}`)
  }
  const expected = extremitiesOf(records, reference)
  const found = countingExtremities(held, expected, reference)
  const due = expected.filter(
    (id) => found.includes(id) || !isForgotten(server, reference.judged(id), reference),
  )
  if (!same(due, found)) {
    world.problem(`${server.name}: extremities of ${roomId} ${difference(extremities, expected)}`)
  }
  const members = [...(state?.values() ?? [])]
    .filter(({ type, content }) => type === 'm.room.member' && content['membership'] !== 'leave')
    .filter(({ stateKey = '', content }) => content['membership'] !== 'invite' || !unseen.has(stateKey))
    .map(({ stateKey, content }) => `${stateKey} ${textOf(content['membership'])}`)
    .toSorted()
  if (!same(members, held.members)) {
    world.problem(`${server.name}: members of ${roomId} ${difference(held.members, members)}`)
  }
}

async function checkEvent(
  world: World,
  held: Held,
  record: EventRecord,
  reference: RoomOracle,
): Promise<void> {
  const { server, roomId } = held
  const { eventId, verdict, rule, reason } = record
  const judged = reference.judged(eventId)
  if (judged === undefined) return
  world.figures.judged++
  if (verdict === 'soft-failed') world.figures.softFailed++
  if (judged.isRejected) world.figures.rejected++
  if (isRejected(verdict) !== judged.isRejected && !isMute(record, judged.pdu)) {
    const said = judged.isRejected ? 'reject' : 'accept'
    world.problem(`${server.name}: ${eventId} is ${verdict} (${rule} ${reason}), which the rules ${said}`)
  }
  const request = { room_id: roomId, prev_event_ids: [eventId], state_to_fetch: [] }
  const answer = await server.call((api) => api.queryStateAfterEvents(request))
  const state = (answer?.state_events ?? []).map((event) => event.eventId).toSorted()
  if (same(state, idsOf(judged.after))) return
  if (isDeceived(held, eventId, reference)) world.figures.deceived++
  else {
    world.problem(`${server.name}: state after ${eventId} ${difference(state, idsOf(judged.after))}`)
  }
}

/**
 * Whether a liar told a server another state before an event, or before one that it builds upon, and their past never
 * came: where nobody else could be asked, that is believed. (It counts for those events alone; the room's current state
 * must be right.)
 */
function isDeceived({ server, remote }: Held, eventId: string, reference: RoomOracle): boolean {
  const past = reference.ancestors(eventId)
  return [...server.deceivedAbout].some((id) => remote.has(id) && (id === eventId || past.has(id)))
}

/** Whether an event is built upon one of those that {@link noteLacked} notes: what a liar told goes into its state. */
function isStandInLate(world: World, held: Held, eventId: string, reference: RoomOracle): boolean {
  const past = reference.ancestors(eventId)
  return [...held.server.deceivedAbout].some(
    (id) => world.rolledBack.has(id) && held.remote.has(id) && (id === eventId || past.has(id)),
  )
}

/** Servers that took the same events for good must agree; soft failures depend on the order of arrival. */
function compare(world: World, all: readonly Held[], reference: RoomOracle): void {
  const [first, ...others] = all
  if (first === undefined) return
  world.figures.compared++
  for (const other of others) {
    if (endAlike(first, other, reference)) continue
    const names = `${first.server.name} and ${other.server.name}`
    const missing = [...first.records.keys()].filter((id) => !other.records.has(id))
    const surplus = [...other.records.keys()].filter((id) => !first.records.has(id))
    const isLate = [first, other].some((held) =>
      held.extremities.some((id) => isStandInLate(world, held, id, reference)),
    )
    const isSoft = [...first.records.values(), ...other.records.values()].some(
      ({ verdict }) => verdict === 'soft-failed',
    )
    if (isSoft || isLate) world.figures.divided++
    else {
      const events = `; lacks ${missing.join(' ')}, has besides ${surplus.join(' ')}`
      world.problem(
        `${names} end ${first.roomId} differently: ${difference(other.current, first.current)}${events}`,
      )
    }
  }
}

function difference(is: readonly string[], should: readonly string[]): string {
  const lacks = should.filter((one) => !is.includes(one))
  const surplus = is.filter((one) => !should.includes(one))
  return `lacks [${lacks.join(' ')}], has besides [${surplus.join(' ')}]`
}
