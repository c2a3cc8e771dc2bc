import type { InspectActivityResponse } from '@roomserver/api'
import { eachEntry, entriesOfType } from '@roomserver/state'
import {
  type EventId,
  type EventNid,
  type EventRecord,
  finish,
  isRejected,
  type Membership,
  NO_NID,
  type RemoteStateRecord,
  type RoomId,
  type RoomNid,
  type RoomRecord,
  serverOf,
} from '@roomserver/types'
import type {
  EventFilter,
  EventsFound,
  InspectedStore,
  MemberRow,
  MembershipCount,
  PlacedJournalRecord,
  RoomFigures,
} from '../read/inspection-source.ts'
import { snapshotOf } from '../read/records.ts'
import type { OfflineRecords } from './offline-records.ts'
import type { OfflineRoom } from './offline-room.ts'

/** The rooms of a file, as an inspection reads them. */
export class OfflineStore implements InspectedStore {
  readonly #records: OfflineRecords
  readonly #rooms: ReadonlyMap<RoomId, OfflineRoom>
  readonly #byNid: ReadonlyMap<RoomNid, OfflineRoom>
  readonly #activity: () => InspectActivityResponse

  constructor(
    records: OfflineRecords,
    rooms: ReadonlyMap<RoomId, OfflineRoom>,
    activity: () => InspectActivityResponse,
  ) {
    this.#records = records
    this.#rooms = rooms
    this.#byNid = new Map([...rooms.values()].map((room) => [room.room.nid, room]))
    this.#activity = activity
  }

  async room(roomId: RoomId): Promise<RoomRecord | undefined> {
    return this.#rooms.get(roomId)?.room
  }

  async roomsByNid(nids: readonly RoomNid[]): Promise<readonly RoomRecord[]> {
    return nids.flatMap((nid) => this.#byNid.get(nid)?.room ?? [])
  }

  async rooms(after: RoomNid, limit: number): Promise<readonly RoomRecord[]> {
    const all = [...this.#byNid.values()].map(({ room }) => room).toSorted((a, b) => a.nid - b.nid)
    return all.filter(({ nid }) => nid > after).slice(0, limit)
  }

  async roomOfAlias(): Promise<undefined> {
    return undefined
  }

  async aliasesOfRoom(): Promise<readonly string[]> {
    return []
  }

  async isPublished(): Promise<boolean> {
    return false
  }

  async eventsOfRoom(roomNid: RoomNid, after: EventNid, limit: number): Promise<readonly EventRecord[]> {
    const { events } = this.#offline(roomNid)
    const from = firstAbove(events, after)
    return this.#recordsOf(events.slice(from, from + limit))
  }

  async eventsBefore(roomNid: RoomNid, before: EventNid, limit: number): Promise<readonly EventRecord[]> {
    const { events } = this.#offline(roomNid)
    const end = before === NO_NID ? events.length : firstAbove(events, (before - 1) as EventNid)
    return this.#recordsOf(events.slice(Math.max(0, end - limit), end).toReversed())
  }

  /** Everything of a file is there when it is opened: nothing comes. */
  async eventsBetween(): Promise<readonly EventRecord[]> {
    return []
  }

  async latestEvents(): Promise<{ readonly latest: EventNid; readonly unused: readonly never[] }> {
    return { latest: NO_NID, unused: [] }
  }

  async settersOf(
    roomNid: RoomNid,
    { stateKey, type }: Parameters<InspectedStore['settersOf']>[1],
    { before, limit }: Parameters<InspectedStore['settersOf']>[2],
  ): Promise<readonly EventNid[]> {
    const looked = await this.eventsBefore(roomNid, before, Number.POSITIVE_INFINITY)
    const events = looked.filter((one) => one.typeNid === type && one.stateKeyNid === stateKey)
    return events.slice(0, limit).map(({ nid }) => nid)
  }

  async eventNidsBefore(roomNid: RoomNid, before: EventNid, limit: number): Promise<readonly EventNid[]> {
    return (await this.eventsBefore(roomNid, before, limit)).map(({ nid }) => nid)
  }

  async findEvents(
    roomNid: RoomNid,
    { type, verdicts }: EventFilter,
    { before, look }: Parameters<InspectedStore['findEvents']>[2],
  ): Promise<EventsFound> {
    const looked = await this.eventsBefore(roomNid, before, look)
    const events = looked.filter(
      ({ typeNid, verdict }) =>
        (type === NO_NID || typeNid === type) && (verdicts.length === 0 || verdicts.includes(verdict)),
    )
    const last = looked.length < look ? undefined : looked.at(-1)
    return { events, lookedTo: last?.nid ?? NO_NID }
  }

  async eventsNaming(
    roomNid: RoomNid,
    eventId: EventId,
    { from, look, side }: Parameters<InspectedStore['eventsNaming']>[2],
  ): Promise<{ readonly events: readonly EventNid[]; readonly isEnd: boolean }> {
    const looked =
      side === 'after'
        ? await this.eventsOfRoom(roomNid, from, look)
        : (await this.eventsBefore(roomNid, from, look)).toReversed()
    const name = JSON.stringify(eventId)
    const naming = looked.filter(({ json }) => json.includes(name))
    return { events: naming.map(({ nid }) => nid), isEnd: looked.length < look }
  }

  async journalBefore(
    roomNid: RoomNid,
    { before, limit, resetsOnly }: Parameters<InspectedStore['journalBefore']>[1],
  ): Promise<readonly PlacedJournalRecord[]> {
    const { journal } = this.#offline(roomNid)
    const isBefore = ({ place, revision }: PlacedJournalRecord) =>
      before === undefined ||
      revision < before.revision ||
      (revision === before.revision && place < before.place)
    const wanted = journal.filter((change) => isBefore(change) && (!resetsOnly || change.reset))
    return wanted.toReversed().slice(0, limit)
  }

  async changesOfEntry(
    roomNid: RoomNid,
    { stateKey, type }: Parameters<InspectedStore['changesOfEntry']>[1],
    { limit, ...page }: Parameters<InspectedStore['changesOfEntry']>[2],
  ): Promise<readonly PlacedJournalRecord[]> {
    const all = await this.journalBefore(roomNid, { ...page, limit: Number.POSITIVE_INFINITY })
    return all.filter((change) => change.type === type && change.stateKey === stateKey).slice(0, limit)
  }

  async purgedEvents(): Promise<readonly EventId[]> {
    return []
  }

  async remoteStates(roomNid: RoomNid): Promise<readonly RemoteStateRecord[]> {
    const { atGivenState } = this.#offline(roomNid)
    return [...atGivenState].map((event) => ({ event, roomNid, waitsFor: NO_NID, isVerified: false }))
  }

  async membershipEvents(
    roomNid: RoomNid,
    { membership }: { readonly membership?: Membership },
    { after, limit }: Parameters<InspectedStore['membershipEvents']>[2],
  ): Promise<readonly MemberRow[]> {
    const members = this.#members(roomNid).filter(
      (row) => row.user > after && (membership === undefined || this.#membershipOf(row) === membership),
    )
    return members.slice(0, limit)
  }

  async membershipCounts({ nid: roomNid }: RoomRecord): Promise<readonly MembershipCount[]> {
    const counts = new Map<string, MembershipCount>()
    for (const row of this.#members(roomNid)) {
      const membership = this.#membershipOf(row)
      if (membership === undefined) continue
      const server = serverOf(this.#records.stateKeyText(row.user) ?? '') ?? ''
      const { users } = counts.get(`${membership} ${server}`) ?? { users: 0 }
      counts.set(`${membership} ${server}`, { membership, server, isLocal: false, users: users + 1 })
    }
    return [...counts.values()]
  }

  async figuresOf({ nid }: RoomRecord): Promise<RoomFigures> {
    const { events, journal, missing } = this.#offline(nid)
    const records = this.#recordsOf(events)
    return {
      events: events.length,
      softFailed: records.filter(({ verdict }) => verdict === 'soft-failed').length,
      rejected: records.filter(({ verdict }) => isRejected(verdict)).length,
      outliers: records.filter(({ verdict }) => verdict === 'outlier').length,
      gaps: missing.size,
      stateResets: journal.filter(({ reset }) => reset).length,
      bytes: records.reduce((total, { json }) => total + json.length, 0),
      slowestResolutionMs: 0,
    }
  }

  async storageOf(): Promise<null> {
    return null
  }

  async isBlocked(): Promise<boolean> {
    return false
  }

  async jobs(): Promise<readonly never[]> {
    return []
  }

  async activity(): Promise<InspectActivityResponse> {
    return this.#activity()
  }

  busy(): undefined {
    return undefined
  }

  #offline(nid: RoomNid): OfflineRoom {
    const room = this.#byNid.get(nid)
    if (room === undefined) throw new TypeError('the room is not one of the file')
    return room
  }

  #recordsOf(nids: readonly EventNid[]): readonly EventRecord[] {
    return nids.flatMap((nid) => this.#records.event(nid) ?? [])
  }

  #members(roomNid: RoomNid): readonly MemberRow[] {
    const type = this.#records.typeNid('m.room.member')
    if (type === null) return []
    const snapshot = finish(snapshotOf(this.#records, this.#offline(roomNid).room.current))
    const entries = finish(entriesOfType(snapshot, type, this.#records))
    return [...eachEntry(entries)].map(({ event, stateKey: user }) => ({ user, event }))
  }

  #membershipOf({ event }: MemberRow): Membership | undefined {
    const record = this.#records.event(event)
    const room = record && this.#byNid.get(record.roomNid)
    if (record === undefined || room === undefined) return undefined
    const { membership } = this.#records.pduOf(record, room.rules).content
    return MEMBERSHIPS.find((one) => one === membership)
  }
}

const MEMBERSHIPS: readonly Membership[] = ['join', 'invite', 'knock', 'leave', 'ban']

/** The place of the first number that is greater; the numbers ascend. */
function firstAbove(nids: readonly EventNid[], nid: EventNid): number {
  let low = 0
  let high = nids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((nids[middle] ?? NO_NID) > nid) high = middle
    else low = middle + 1
  }
  return low
}
