import type { FederationApi, RoomserverApi } from '@roomserver/api'
import { createInput, createRoomserver, RecordCache, type RoomInput } from '@roomserver/core'
import { ed25519, encodeBase64, type Pdu, type SigningKey } from '@roomserver/events'
import { openStorage, type Storage } from '@roomserver/storage'
import { isFailure, NO_NID, parseServerName, silentLogger, type ServerName } from '@roomserver/types'
import { CrashingStore } from './crashing-store.ts'
import { PeekBook } from './peek-book.ts'
import { unlessStill } from './stillness.ts'
import type { Surroundings } from './surroundings.ts'

/** What is gone with a crash. */
interface Process {
  readonly guard: CrashingStore
  readonly input: RoomInput
  readonly api: RoomserverApi
}

const CACHE_BYTES = 4 * 1024 * 1024
/** An hour: no repair looks at the clock of the machine, or a busy one would have other things happen. */
const NEVER_MS = 3_600_000
/** Fewer rooms are repaired at a time than may have to be: some wait for others. */
const REPAIR_LIMITS = { patienceMs: NEVER_MS, callMs: NEVER_MS, maxRooms: 3 }

/** The same for policy servers; and one that did not answer is asked again. */
const POLICY_LIMITS = { timeoutMs: NEVER_MS, restMs: 0 }

/** A whole room server of ours on a store in memory. Its process can die and be started again; the store stays. */
export class SimulatedServer {
  readonly name: ServerName
  readonly key: SigningKey
  readonly publicKey: string
  readonly users: readonly string[]
  readonly storage: Storage
  readonly #world: Surroundings
  readonly #federation: FederationApi
  readonly #rooms = new Set<string>()
  #process: Process
  #seen: { readonly guard?: CrashingStore; readonly writes: number } = { writes: 0 }
  isDown = false
  /** Outputs up to here were given to the network; survives crashes, as a consumer's position does. */
  outputsRead = 0
  /** For each room the servers that its events go to. */
  readonly audience = new Map<string, ReadonlySet<string>>()
  /** Events before which a liar told it another state than there was. */
  readonly deceivedAbout = new Set<string>()
  readonly peeks = new PeekBook()
  /** Events of the past that it gave to those who looked back, or announced as such. */
  readonly shown = new Set<string>()
  /** Rooms in which it took some in, and died before it could give them. */
  readonly lookedBack = new Set<string>()
  /** Servers that peek into its rooms. */
  readonly #peekers = new Map<string, Set<string>>()
  /** Events that came in with a state that another server gave for the room's, by room. */
  readonly cameBack = new Map<string, readonly Pdu[]>()

  private constructor(
    world: Surroundings,
    storage: Storage,
    key: SigningKey,
    publicKey: string,
    federationOf: (server: SimulatedServer) => FederationApi,
  ) {
    this.name = parseServerName(key.server)
    this.key = key
    this.publicKey = publicKey
    this.users = ['a', 'b', 'c'].map((user) => `@${user}:${this.name}`)
    this.storage = storage
    this.#world = world
    this.#federation = federationOf(this)
    this.#process = this.#start()
  }

  /** @param federationOf - makes the federation component of the server */
  static async open(
    world: Surroundings,
    name: string,
    federationOf: (server: SimulatedServer) => FederationApi,
  ): Promise<SimulatedServer> {
    const seed = world.dice.bytes(32)
    const storage = await openStorage({ dialect: 'sqlite', file: ':memory:', synchronous: 'normal' })
    const key = { server: name, keyId: 'ed25519:1', seed: encodeBase64(seed) }
    const publicKey = encodeBase64(await ed25519.publicKey(seed))
    return new SimulatedServer(world, storage, key, publicKey, federationOf)
  }

  get counters(): RoomInput['counters'] {
    return this.#process.input.counters
  }

  /** Events that it keeps because they lack something, which it tries to get. */
  get waiting(): readonly { readonly eventId: string; readonly roomId: string }[] {
    const jobs = this.#process.input.repairs?.jobs ?? []
    return jobs.filter(({ state }) => state !== 'gave-up')
  }

  /** Whether it may have announced something since this was asked the last time. */
  takeNews(): boolean {
    const { guard } = this.#process
    const hasNews = this.#seen.guard !== guard || this.#seen.writes !== guard.writes
    this.#seen = { guard, writes: guard.writes }
    return hasNews
  }

  peekersOf(roomId: string): readonly string[] {
    return [...(this.#peekers.get(roomId) ?? [])]
  }

  addPeeker(roomId: string, peeker: string): void {
    this.#peekers.set(roomId, (this.#peekers.get(roomId) ?? new Set()).add(peeker))
  }

  dropPeekers(roomId: string): void {
    this.#peekers.delete(roomId)
  }

  /** Whether a user has an invite that is neither accepted nor rejected. */
  async isInvited(roomId: string, user: string): Promise<boolean> {
    const room = await this.storage.room(roomId)
    return room !== undefined && (await this.storage.pendingInvites(room.nid, user)).length > 0
  }

  /** Whether it knows the state of a room. */
  async isIn(roomId: string): Promise<boolean> {
    if (this.#rooms.has(roomId)) return true
    const room = await this.storage.room(roomId)
    if (room === undefined || room.current === NO_NID) return false
    this.#rooms.add(roomId)
    return true
  }

  #start(): Process {
    const world = this.#world
    const guard = new CrashingStore(this.storage)
    const cache = new RecordCache(guard.store, CACHE_BYTES)
    const parts = {
      store: guard.store,
      cache,
      clock: world.network,
      log: silentLogger,
      federation: this.#federation,
      serverName: this.name,
    }
    const policyServers = world.policyServersFor(this.name)
    const input = createInput({ ...parts, policyServers, policyLimits: POLICY_LIMITS }, {}, REPAIR_LIMITS)
    const randomId = (length: number) => world.dice.text(length)
    const api = createRoomserver({ ...parts, input, signingKey: this.key, randomId })
    return { guard, input, api }
  }

  /** Lets the process die at one of its next writes. */
  dieSoon(writes: number, isAfter: boolean): void {
    this.#process.guard.dieAfter(writes, isAfter)
  }

  /**
   * Does something with the server and waits until it has come to rest.
   *
   * @returns `undefined` when the server is down, went down over it, or refused; or waits for what never comes
   */
  async call<Result>(work: (api: RoomserverApi) => Promise<Result>): Promise<Result | undefined> {
    if (this.isDown || this.#world.isStuck) return undefined
    const { guard, api } = this.#process
    const attempt = work(api).catch((error: unknown) => {
      if (!guard.isDead && !isFailure(error)) this.#world.problem(`${this.name} threw ${String(error)}`)
      return undefined
    })
    const result = await this.#inTime(attempt)
    await this.#rest()
    if (!guard.isDead) return result
    if (!this.#world.isStuck) await this.#goDown()
    return undefined
  }

  /** No death is to come any more. */
  live(): void {
    this.#process.guard.live()
  }

  /** Tries again what could not be repaired so far. */
  async retryRepairs(roomId: string): Promise<void> {
    await this.#process.input.repairs?.retry(roomId)
    await this.#rest()
  }

  /** Starts the process again. */
  async goUp(): Promise<void> {
    if (!this.isDown) return
    this.isDown = false
    this.#process = this.#start()
    await this.#process.input.resume()
    await this.#rest()
  }

  async close(): Promise<void> {
    if (!this.#world.isStuck) await this.#process.input.close()
    await this.storage[Symbol.asyncDispose]()
  }

  async #goDown(): Promise<void> {
    this.isDown = true
    this.#world.figures.crashes++
    await this.#process.input.close()
  }

  /** Waits until queued input is settled. */
  async #rest(): Promise<void> {
    await this.#inTime(this.#process.input.settled())
  }

  async #inTime<Result>(work: Promise<Result>): Promise<Result | undefined> {
    const done = await unlessStill(work)
    if (done === undefined) this.#world.stuck(this.name)
    return done?.result
  }
}
