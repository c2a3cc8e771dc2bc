import {
  type EventId,
  type EventNid,
  type EventRecord,
  type InviteRecord,
  type Mention,
  NO_NID,
  type RedactionRecord,
  type RoomNid,
  type StateKeyNid,
  type RemoteStateRecord,
  type UserId,
} from '@roomserver/types'
import { eventPages } from '../view/event-pages.ts'
import type { RoomGraph } from '../graph/room-graph.ts'
import type { Store } from '../ports.ts'
import { Gatherer } from '../view/gatherer.ts'

/** From how many users on the invites of the whole room are read at once. */
const MANY_USERS = 32
/** How many events of a graph are read at a time. */
const GRAPH_PAGE = 500

/** What became of an invite: given up without an event, retired by one, neither yet, or never heard of. */
export type InviteFate = 'given-up' | 'retired' | 'pending' | 'unknown'

/** Reads, for many rooms at once, of what the store knows about events and rooms beside the records. */
export class RoomReader {
  readonly #store: Store
  readonly #successors: Gatherer<EventId, { readonly prev: EventId; readonly by: EventNid }>
  readonly #redactions: Gatherer<EventId, RedactionRecord>
  readonly #mentions: Gatherer<EventId, Mention>

  constructor(store: Store) {
    this.#store = store
    this.#successors = new Gatherer((ids) => store.missingPrevEvents(ids))
    this.#redactions = new Gatherer((ids) => store.redactionsOf(ids))
    this.#mentions = new Gatherer((ids) => store.mentions(ids))
  }

  successors(ids: readonly EventId[]): Promise<readonly { readonly prev: EventId; readonly by: EventNid }[]> {
    return this.#successors.load(ids)
  }

  redactionsOf(ids: readonly EventId[]): Promise<readonly RedactionRecord[]> {
    return this.#redactions.load(ids)
  }

  mentions(ids: readonly EventId[]): Promise<readonly Mention[]> {
    return this.#mentions.load(ids)
  }

  purgedEvents(roomNid: RoomNid, ids: readonly EventId[]): Promise<readonly EventId[]> {
    return this.#store.purgedEvents(roomNid, ids)
  }

  remoteStates(roomNid: RoomNid): Promise<readonly RemoteStateRecord[]> {
    return this.#store.remoteStates(roomNid)
  }

  /** A room's events in the order of their NIDs, page by page. */
  eventsOfRoom(roomNid: RoomNid, after: EventNid, limit: number): Promise<readonly EventRecord[]> {
    return this.#store.eventsOfRoom(roomNid, after, limit)
  }

  /** Whether users of a server are in a room. */
  isResident(roomNid: RoomNid, serverName: string): Promise<boolean> {
    return this.#store.serverInRoom(roomNid, serverName)
  }

  /** Whether users of a server are in a room, or none ever was. */
  async hasNotDeparted(roomNid: RoomNid, serverName: string): Promise<boolean> {
    if (await this.isResident(roomNid, serverName)) return true
    return (await this.#store.usersOfServer(roomNid, serverName)).length === 0
  }

  usersOfServer(roomNid: RoomNid, server: string): Promise<readonly StateKeyNid[]> {
    return this.#store.usersOfServer(roomNid, server)
  }

  invite(event: EventNid): Promise<InviteRecord | undefined> {
    return this.#store.invite(event)
  }

  async pendingInvites(
    roomNid: RoomNid,
    users: readonly UserId[],
  ): Promise<ReadonlyMap<UserId, readonly InviteRecord[]>> {
    const invited = new Map<UserId, readonly InviteRecord[]>()
    for (const user of await this.#invitedAmong(roomNid, users)) {
      invited.set(user, await this.#store.pendingInvites(roomNid, user))
    }
    return invited
  }

  async #invitedAmong(roomNid: RoomNid, users: readonly UserId[]): Promise<readonly UserId[]> {
    if (users.length < MANY_USERS) return users
    const rows = await this.#store.membershipsOfRoom(roomNid, { membership: 'invite' })
    const invited = new Set(rows.map((row) => row.userId))
    return users.filter((user) => invited.has(user))
  }
}

/**
 * What a decision knows about its room beside the records: read once, then kept up with what was decided since.
 * Getters answer `undefined` for what is not read yet.
 */
export class RoomReads {
  readonly #reader: RoomReader
  readonly #roomNid: RoomNid
  readonly #successors = new Map<EventId, readonly EventNid[]>()
  readonly #redactions = new Map<EventId, readonly RedactionRecord[]>()
  readonly #invites = new Map<UserId, readonly InviteRecord[]>()
  readonly #fates = new Map<EventNid, InviteFate>()
  readonly #usersOfServers = new Map<string, readonly StateKeyNid[]>()
  readonly #purged = new Map<EventId, boolean>()
  #hasNotDeparted: boolean | undefined
  #isResident: boolean | undefined
  readonly #remoteStates = new Map<EventNid, RemoteStateRecord>()
  #areRemoteStatesRead = false

  constructor(reader: RoomReader, roomNid: RoomNid) {
    this.#reader = reader
    this.#roomNid = roomNid
  }

  /** The events of the graph that name `id` as a prev event, and were there first. */
  successorsOf(id: EventId): readonly EventNid[] | undefined {
    return this.#successors.get(id)
  }

  /** Events of the room at remote state. */
  get remoteStates(): ReadonlyMap<EventNid, RemoteStateRecord> | undefined {
    return this.#areRemoteStatesRead ? this.#remoteStates : undefined
  }

  redactionsOf(id: EventId): readonly RedactionRecord[] | undefined {
    return this.#redactions.get(id)
  }

  /** Whether an event was purged with the history of the room. */
  isPurged(id: EventId): boolean | undefined {
    return this.#purged.get(id)
  }

  async loadPurged(ids: readonly EventId[]): Promise<void> {
    const purged = new Set(await this.#reader.purgedEvents(this.#roomNid, ids))
    for (const id of ids) this.#purged.set(id, purged.has(id))
  }

  pendingInvites(user: UserId): readonly InviteRecord[] | undefined {
    return this.#invites.get(user)
  }

  fateOf(invite: EventNid): InviteFate | undefined {
    return this.#fates.get(invite)
  }

  /** State keys of a server's users who are or were anything in the room, as it was read. */
  usersOfServer(server: string): readonly StateKeyNid[] | undefined {
    return this.#usersOfServers.get(server)
  }

  async loadUsersOfServer(server: string): Promise<void> {
    this.#usersOfServers.set(server, await this.#reader.usersOfServer(this.#roomNid, server))
  }

  /** Whether a user of ours is in the room, or none ever was. */
  get hasNotDeparted(): boolean | undefined {
    return this.#hasNotDeparted
  }

  /** Whether a user of ours is in the room. */
  get isResident(): boolean | undefined {
    return this.#isResident
  }

  async loadResident(serverName: string): Promise<void> {
    this.#isResident = await this.#reader.isResident(this.#roomNid, serverName)
  }

  async loadNotDeparted(serverName: string): Promise<void> {
    this.#hasNotDeparted = await this.#reader.hasNotDeparted(this.#roomNid, serverName)
  }

  async loadSuccessors(ids: readonly EventId[]): Promise<void> {
    this.#takeSuccessors(
      ids,
      (await this.#reader.successors(ids)).map(({ prev, by }) => ({ id: prev, by })),
    )
  }

  async loadRemoteStates(): Promise<void> {
    for (const record of await this.#reader.remoteStates(this.#roomNid)) {
      if (!this.#remoteStates.has(record.event)) this.#remoteStates.set(record.event, record)
    }
    this.#areRemoteStatesRead = true
  }

  /** Reads all events of the room, a page at a time. */
  async loadGraph(into: RoomGraph): Promise<void> {
    for await (const page of eventPages(this.#reader, this.#roomNid, GRAPH_PAGE))
      for (const record of page) into.add(record)
  }

  async loadRedactions(ids: readonly EventId[]): Promise<void> {
    this.#takeRedactions(ids, await this.#reader.redactionsOf(ids))
  }

  /** Reads both at once, and tells which of the events are stored. */
  async loadMentions(ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
    const mentions = await this.#reader.mentions(ids)
    const successors = mentions.filter((mention) => mention.kind === 'prev-event')
    const redactions = mentions.flatMap((mention) =>
      mention.kind === 'redaction' ? [mention.redaction] : [],
    )
    this.#takeSuccessors(ids, successors)
    this.#takeRedactions(
      ids,
      redactions.toSorted((a, b) => a.redaction - b.redaction),
    )
    return new Set(mentions.filter(({ kind }) => kind === 'event').map(({ id }) => id))
  }

  async loadInvites(users: readonly UserId[]): Promise<void> {
    const found = await this.#reader.pendingInvites(this.#roomNid, users)
    for (const user of users) if (!this.#invites.has(user)) this.#invites.set(user, found.get(user) ?? [])
  }

  async loadInvite(event: EventNid): Promise<void> {
    this.#fates.set(event, fateOf(await this.#reader.invite(event)))
  }

  #takeSuccessors(
    ids: readonly EventId[],
    found: readonly { readonly id: EventId; readonly by: EventNid }[],
  ): void {
    const successors = new Map(ids.map((id) => [id, new Set(this.#successors.get(id))]))
    for (const { id, by } of found) successors.get(id)?.add(by)
    for (const [id, events] of successors) this.#successors.set(id, [...events])
  }

  #takeRedactions(ids: readonly EventId[], found: readonly RedactionRecord[]): void {
    for (const id of ids) {
      const of = found.filter(({ redacts, roomNid }) => redacts === id && roomNid === this.#roomNid)
      if (!this.#redactions.has(id)) this.#redactions.set(id, of)
    }
  }

  setNotDeparted(): void {
    this.#hasNotDeparted = true
  }

  /** A user of ours came into the room. */
  setResident(): void {
    this.#isResident = true
    this.#hasNotDeparted = true
  }

  /** No event names this one, and none redacts it. */
  setUnmentioned(id: EventId): void {
    this.#successors.set(id, [])
    this.#redactions.set(id, [])
  }

  addSuccessor(id: EventId, by: EventNid): void {
    this.#successors.set(id, [...(this.#successors.get(id) ?? []), by])
  }

  setRemoteState(record: RemoteStateRecord): void {
    this.#remoteStates.set(record.event, record)
  }

  setRedactionsOf(id: EventId, redactions: readonly RedactionRecord[]): void {
    this.#redactions.set(id, redactions)
  }

  setFate(invite: EventNid, fate: InviteFate): void {
    this.#fates.set(invite, fate)
  }

  setPendingInvites(user: UserId, invites: readonly InviteRecord[]): void {
    this.#invites.set(user, invites)
  }
}

function fateOf(invite: InviteRecord | undefined): InviteFate {
  if (invite === undefined) return 'unknown'
  if (invite.retiredBy === undefined) return 'pending'
  return invite.retiredBy === NO_NID ? 'given-up' : 'retired'
}
