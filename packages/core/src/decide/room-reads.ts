import type {
  EventId,
  EventNid,
  InviteRecord,
  Mention,
  RedactionRecord,
  RoomNid,
  UserId,
} from '@roomserver/types'
import type { Store } from '../ports.ts'
import { Gatherer } from '../view/gatherer.ts'

/** From how many users on the invites of the whole room are read at once. */
const MANY_USERS = 32

/** Reads, for many rooms at once, of what the store knows about events and rooms beside the pieces. */
export class RoomReader {
  readonly #store: Store
  readonly #dangling: Gatherer<EventId, { readonly prev: EventId; readonly by: EventNid }>
  readonly #redactions: Gatherer<EventId, RedactionRecord>
  readonly #mentions: Gatherer<EventId, Mention>

  constructor(store: Store) {
    this.#store = store
    this.#dangling = new Gatherer((ids) => store.danglingPrev(ids))
    this.#redactions = new Gatherer((ids) => store.redactionsOf(ids))
    this.#mentions = new Gatherer((ids) => store.mentions(ids))
  }

  dangling(ids: readonly EventId[]): Promise<readonly { readonly prev: EventId; readonly by: EventNid }[]> {
    return this.#dangling.load(ids)
  }

  redactionsOf(ids: readonly EventId[]): Promise<readonly RedactionRecord[]> {
    return this.#redactions.load(ids)
  }

  mentions(ids: readonly EventId[]): Promise<readonly Mention[]> {
    return this.#mentions.load(ids)
  }

  /** Whether users of a server are in a room, or none ever was. */
  async takesPart(roomNid: RoomNid, serverName: string): Promise<boolean> {
    if (await this.#store.serverInRoom(roomNid, serverName)) return true
    return (await this.#store.usersOfServer(roomNid, serverName)).length === 0
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
 * What a decision knows about its room beside the pieces: read once, then kept up with what was decided since.
 * Getters answer `undefined` for what is not read yet.
 */
export class RoomReads {
  readonly #reader: RoomReader
  readonly #roomNid: RoomNid
  readonly #isNamed = new Map<EventId, boolean>()
  readonly #redactions = new Map<EventId, readonly RedactionRecord[]>()
  readonly #invites = new Map<UserId, readonly InviteRecord[]>()
  #takesPart: boolean | undefined

  constructor(reader: RoomReader, roomNid: RoomNid) {
    this.#reader = reader
    this.#roomNid = roomNid
  }

  /** Whether an event of the graph names `id` as a prev event, and was there first. */
  isNamed(id: EventId): boolean | undefined {
    return this.#isNamed.get(id)
  }

  redactionsOf(id: EventId): readonly RedactionRecord[] | undefined {
    return this.#redactions.get(id)
  }

  pendingInvites(user: UserId): readonly InviteRecord[] | undefined {
    return this.#invites.get(user)
  }

  /** Whether a user of ours is in the room, or none ever was. */
  get takesPart(): boolean | undefined {
    return this.#takesPart
  }

  async loadTakesPart(serverName: string): Promise<void> {
    this.#takesPart = await this.#reader.takesPart(this.#roomNid, serverName)
  }

  async loadDangling(ids: readonly EventId[]): Promise<void> {
    const found = new Set((await this.#reader.dangling(ids)).map(({ prev }) => prev))
    this.#takeNamed(ids, found)
  }

  async loadRedactions(ids: readonly EventId[]): Promise<void> {
    this.#takeRedactions(ids, await this.#reader.redactionsOf(ids))
  }

  /** Reads both at once, and tells which of the events are stored. */
  async loadMentions(ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
    const mentions = await this.#reader.mentions(ids)
    const idsOf = (kind: Mention['kind']) =>
      new Set(mentions.filter((mention) => mention.kind === kind).map(({ id }) => id))
    const redactions = mentions.flatMap((mention) =>
      mention.kind === 'redaction' ? [mention.redaction] : [],
    )
    this.#takeNamed(ids, idsOf('prev-event'))
    this.#takeRedactions(
      ids,
      redactions.toSorted((a, b) => a.redaction - b.redaction),
    )
    return idsOf('event')
  }

  async loadInvites(users: readonly UserId[]): Promise<void> {
    const found = await this.#reader.pendingInvites(this.#roomNid, users)
    for (const user of users) if (!this.#invites.has(user)) this.#invites.set(user, found.get(user) ?? [])
  }

  #takeNamed(ids: readonly EventId[], named: ReadonlySet<EventId>): void {
    for (const id of ids) this.#isNamed.set(id, named.has(id) || this.#isNamed.get(id) === true)
  }

  #takeRedactions(ids: readonly EventId[], found: readonly RedactionRecord[]): void {
    for (const id of ids) {
      const of = found.filter(({ redacts, roomNid }) => redacts === id && roomNid === this.#roomNid)
      if (!this.#redactions.has(id)) this.#redactions.set(id, of)
    }
  }

  setTakesPart(): void {
    this.#takesPart = true
  }

  /** No event names this one, and none redacts it. */
  setUnmentioned(id: EventId): void {
    this.#isNamed.set(id, false)
    this.#redactions.set(id, [])
  }

  setNamed(id: EventId): void {
    this.#isNamed.set(id, true)
  }

  setRedactionsOf(id: EventId, redactions: readonly RedactionRecord[]): void {
    this.#redactions.set(id, redactions)
  }

  setPendingInvites(user: UserId, invites: readonly InviteRecord[]): void {
    this.#invites.set(user, invites)
  }
}
