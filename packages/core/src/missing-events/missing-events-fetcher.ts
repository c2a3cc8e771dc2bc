import { NO_NID, type RoomId, serverOf } from '@roomserver/types'
import type { EventInput } from '../decide/event-input.ts'
import type { Fetched, MissingEvents } from '../input/fetch-missing.ts'
import type { Store } from '../ports.ts'
import { fillFrom } from './fill-gap.ts'
import type { GapAttempt, Way } from './gap.ts'
import type { RepairParts } from './repair-parts.ts'
import { type Attempt, firstSuccess } from './first-success.ts'

/** How much a repair may take. */
export interface RepairLimits {
  /** Servers that are asked for one hole. */
  readonly maxServers: number
  /** How many of them at the same time. */
  readonly atOnce: number
  /** After how long another server is asked beside one that is at it. */
  readonly patienceMs: number
  /** Time for one call. */
  readonly callMs: number
  /** Time for one repair, all servers together. */
  readonly budgetMs: number
  /** Events of a room that may wait for its repairs. */
  readonly maxWaiting: number
  /** Rooms that are repaired at a time; others wait. */
  readonly maxRooms: number
}

/**
 * Gets what events build on from other servers. In a room one repair follows the other, and each looks first whether
 * what it is to get has come meanwhile: so events that wait for the same hole share one repair. What was fetched and
 * verified stays stored, whatever becomes of the repair.
 */
export class MissingEventsFetcher {
  readonly #parts: RepairParts
  readonly #limits: RepairLimits
  readonly #rooms = new Map<RoomId, { waiting: number; last: Promise<unknown> }>()
  readonly #queue: (() => void)[] = []
  #active = 0

  constructor(parts: RepairParts, limits: RepairLimits) {
    this.#parts = parts
    this.#limits = limits
  }

  /** Rooms that are being repaired, or wait for it, with how many events wait in each. */
  get rooms(): ReadonlyMap<RoomId, number> {
    return new Map([...this.#rooms].map(([roomId, { waiting }]) => [roomId, waiting]))
  }

  /** Gets what an event lacks; never rejects. See `FetchMissing`. */
  async fetchMissing(input: EventInput, missing: MissingEvents, origin: string): Promise<Fetched> {
    const { roomId } = input.pdu
    const room = this.#rooms.get(roomId) ?? { waiting: 0, last: Promise.resolve() }
    if (room.waiting >= this.#limits.maxWaiting)
      return failed('too many events of the room wait for missing events')
    this.#rooms.set(roomId, room)
    room.waiting++
    const done = room.last.then(() => this.#whenFree(() => this.#repair(input, missing, origin)))
    room.last = done
    try {
      return await done
    } finally {
      room.waiting--
      if (room.waiting === 0) this.#rooms.delete(roomId)
    }
  }

  async #whenFree(work: () => Promise<Fetched>): Promise<Fetched> {
    if (this.#active < this.#limits.maxRooms) this.#active++
    else await new Promise<void>((go) => this.#queue.push(go))
    try {
      return await work()
    } finally {
      // The next one takes this place over: nobody who comes now gets in before it, or beside it.
      const next = this.#queue.shift()
      if (next === undefined) this.#active--
      else next()
    }
  }

  async #repair(input: EventInput, missing: MissingEvents, origin: string): Promise<Fetched> {
    const { clock, store, jobs } = this.#parts
    const fields = { room_id: input.pdu.roomId, event_id: input.pdu.eventId }
    const deadline = clock.now() + this.#limits.budgetMs
    try {
      const lacking = await stillMissing(store, missing)
      if (lacking === undefined) return { kind: 'filled' }
      await jobs.run(fields.event_id)
      return await this.#askAll(input, lacking, await this.#servers(input, origin), deadline)
    } catch (error) {
      return this.#giveUp(fields, error instanceof Error ? error.message : String(error))
    }
  }

  /**
   * First every server is asked for the events of the gap, from which we work the state out ourselves; only when none
   * has them all is one believed about the state.
   */
  async #askAll(
    input: EventInput,
    lacking: MissingEvents,
    servers: readonly string[],
    deadline: number,
  ): Promise<Fetched> {
    const { clock, log, counters, jobs } = this.#parts
    const fields = { room_id: input.pdu.roomId, event_id: input.pdu.eventId }
    const parts = { ...this.#parts, onStored: () => jobs.fetched(fields.event_id) }
    const { patienceMs } = this.#limits
    const shared: Omit<GapAttempt, 'isTimeUp' | 'way'> = {
      given: new Map(),
      remoteStates: new Map(),
      servers,
      patienceMs,
    }
    let reason = 'no other server to ask'
    const ask = async (server: string, way: Way, { isOver }: Attempt): Promise<Fetched | undefined> => {
      const isTimeUp = () => isOver() || clock.now() >= deadline
      if (isTimeUp()) reason = 'time limit reached'
      if (isTimeUp()) return undefined
      const fetched = await fillFrom(parts, server, input, lacking, { ...shared, isTimeUp, way })
      if (fetched.kind === 'failed') reason = `${server}: ${fetched.reason}`
      if (fetched.kind === 'failed') return undefined
      log.info({ ...fields, server, outcome: fetched.kind }, 'fetched missing events')
      return fetched
    }
    for (const way of ['events', 'state'] as const) {
      const fetched = await firstSuccess(
        servers,
        (server, attempt) => ask(server, way, attempt),
        this.#limits,
      )
      if (fetched === undefined) continue
      counters.repaired++
      return fetched
    }
    return this.#giveUp(fields, reason)
  }

  #giveUp(fields: object, reason: string): Fetched {
    this.#parts.counters.repairsFailed++
    this.#parts.log.warn({ ...fields, reason }, 'could not fetch missing events')
    return failed(reason)
  }

  /** Whom to ask: who sent the event, whose it is, then the servers in the room; never ourselves. */
  async #servers({ pdu }: EventInput, origin: string): Promise<readonly string[]> {
    const { store, serverName } = this.#parts
    const room = await store.room(pdu.roomId)
    const joined = room === undefined ? [] : await store.joinedServers(room.nid)
    const all = new Set([origin, serverOf(pdu.sender) ?? '', ...joined])
    return [...all]
      .filter((server) => server !== '' && server !== serverName)
      .slice(0, this.#limits.maxServers)
  }
}

/** What of it is still missing; `undefined`: nothing. */
async function stillMissing(store: Store, missing: MissingEvents): Promise<MissingEvents | undefined> {
  const { auth, prev, state } = missing
  const records = await store.eventsById([...new Set([...auth, ...prev, ...state])])
  const known = new Set(records.map((record) => record.eventId))
  const inGraph = new Set(
    records.filter((record) => record.before !== NO_NID).map((record) => record.eventId),
  )
  const lacking = {
    auth: auth.filter((id) => !known.has(id)),
    prev: prev.filter((id) => !inGraph.has(id)),
    state: state.filter((id) => !known.has(id)),
  }
  return lacking.auth.length + lacking.prev.length + lacking.state.length === 0 ? undefined : lacking
}

function failed(reason: string): Fetched {
  return { kind: 'failed', reason }
}
