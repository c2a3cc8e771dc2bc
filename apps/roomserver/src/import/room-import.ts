import {
  newRoom,
  NO_CHANGES,
  NO_NID,
  type RoomRecord,
  RoomserverError,
  type WriteSet,
} from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { ConvertedStates } from './converted-states.ts'
import type { DendriteRoom } from './dendrite-source.ts'
import type { ImportContext } from './import-context.ts'
import { type NumberedRoom, numberRoom } from './numbered-room.ts'
import { invitesOf, membershipsOf } from './room-members.ts'
import { RoomRecords } from './room-records.ts'
import { ImportedStates } from './states.ts'

/** What became of a room. */
export interface RoomImportResult {
  readonly events: number
  /** It was there already, from an import before this one. */
  readonly skipped: boolean
}

/** Events that are stored in one transaction. */
const PART = 500

/**
 * Imports one room: its events with their verdicts and states, extremities, members and invites. It is stored in
 * parts; until the last one the room has no extremities, and an import that was interrupted goes on where it stopped.
 * (A room that the source knows from invites alone is stored in one part.)
 *
 * @throws {RoomserverError} UNSUPPORTED_ROOM_VERSION for a room of a version that nobody knows
 */
export async function importRoom(context: ImportContext, room: DendriteRoom): Promise<RoomImportResult> {
  const rules = roomVersion(room.room_version)
  if (rules === undefined) {
    const text = `${room.room_id} has room version ${room.room_version}, which is not known`
    throw new RoomserverError('UNSUPPORTED_ROOM_VERSION', { version: room.room_version }, text)
  }
  const stored = await context.store.room(room.room_id)
  const isStub = room.state_snapshot_nid === 0
  if (stored !== undefined && (isStub || stored.current !== NO_NID)) return { events: 0, skipped: true }

  const target = new RoomTarget(context, stored ?? (await unstored(context, room)))
  const events = await context.source.eventsOfRoom(room.room_nid)
  const numbered = await numberRoom(context, target.room, events)
  const states = new ImportedStates(context.store, context.nids, target.room.nid)
  const snapshots = await context.source.snapshotsOfRoom(room.room_nid)
  const converted = new ConvertedStates(context.source, states, snapshots, (n) => numbered.entryOf(n))
  const from = { roomNid: target.room.nid, rules, events: numbered, states, converted }
  const records = new RoomRecords(context, from)

  const whole: Partial<WriteSet> = isStub ? await records.of(events) : {}
  for (let at = 0; at < events.length && !isStub; at += PART) {
    const part = await records.of(events.slice(at, at + PART))
    await target.commit({ ...states.takeNew(), ...part })
    context.onProgress(part.events.length)
  }
  const current = await converted.convert(room.state_snapshot_nid)
  const members = await membersOf(context, room, target.room, rules, numbered)
  const invited = [...(whole.events ?? []), ...members.events]
  await target.commit(
    { ...states.takeNew(), ...whole, ...members, events: invited },
    endOf(room, numbered, current?.nid),
  )
  return { events: events.length, skipped: false }
}

async function membersOf(
  context: ImportContext,
  source: DendriteRoom,
  { nid }: RoomRecord,
  rules: RoomVersionRules,
  events: NumberedRoom,
): Promise<Pick<WriteSet, 'memberships' | 'invites' | 'events'>> {
  const room = { nid, rules, events }
  const memberships = await membershipsOf(context, room, await context.source.memberships(source.room_nid))
  return { memberships, ...(await invitesOf(context, room, await context.source.invites(source.room_nid))) }
}

/** What the room's row becomes when everything of it is stored. */
function endOf(
  { latest_event_nids: latest, last_event_sent_nid: sent }: DendriteRoom,
  events: NumberedRoom,
  current: RoomRecord['current'] = NO_NID,
): Partial<WriteSet['next']> {
  const found = latest.map((number) => events.byNumber(number)).filter((event) => event !== undefined)
  return {
    current,
    extremities: found.map((event) => event.nid),
    depth: Math.max(0, ...found.map((event) => event.source.depth)),
    lastSent: events.nidOfNumber(sent),
  }
}

/** The room here, which moves on with every part. */
class RoomTarget {
  readonly #context: ImportContext
  room: RoomRecord

  constructor(context: ImportContext, room: RoomRecord) {
    this.#context = context
    this.room = room
  }

  async commit(parts: Partial<WriteSet>, next: Partial<WriteSet['next']> = {}): Promise<void> {
    const { nids, store } = this.#context
    const set = { ...NO_CHANGES, ...nids.unsaved, room: this.room, ...parts, next: { ...this.room, ...next } }
    const [result] = await store.commit([set])
    if (result?.kind !== 'committed') {
      const cause = result?.kind === 'failed' ? result.error : result
      const text = `${this.room.roomId} could not be stored; is another process using the database?`
      throw new Error(text, { cause })
    }
    nids.saved()
    this.room = { ...this.room, ...next, revision: result.revision }
  }
}

async function unstored({ nids }: ImportContext, source: DendriteRoom): Promise<RoomRecord> {
  return newRoom({ nid: await nids.fresh('room'), roomId: source.room_id, version: source.room_version })
}
