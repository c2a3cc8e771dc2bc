import type { PublicKeyResult } from '@roomserver/api'
import type { PolicyServers } from '@roomserver/core'
import type { Pdu } from '@roomserver/events'
import { isJsonObject, type JsonValue, serverOf } from '@roomserver/types'
import type { Author } from './compose.ts'
import { type Figures, noFigures } from './figures.ts'
import { InviteBook } from './invite-book.ts'
import { Network } from './network.ts'
import type { Dice } from '@roomserver/testing'
import type { IdentityServer } from './identity-server.ts'
import type { Policies } from './policies.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { Surroundings } from './surroundings.ts'
import type { Trouble } from './trouble.ts'

/** What is said of a server that waits for what never comes. */
export const STUCK = 'does not come to rest'

/** More of one kind than this is not worth reading. */
const MAX_PROBLEMS = 20

/** Everything that there is in one run. */
export class World implements Surroundings {
  readonly figures: Figures = noFigures()
  readonly network: Network
  readonly trouble: Trouble
  readonly identity: IdentityServer
  readonly problems: string[] = []
  /** Every event that was ever made, in that order. */
  readonly events = new Map<string, Pdu>()
  readonly invites = new InviteBook(this.figures)
  readonly policies: Policies
  /**
   * What a liar tells of the state before an event that names what does not exist: a state of the past, the same to
   * everybody who asks. The texts of its events, and of their auth chain.
   */
  readonly rolledBack = new Map<string, OldState>()
  /** Users who left a room and did not try to come back, by room and user. */
  readonly departed = new Map<
    string,
    { readonly server: SimulatedServer; readonly roomId: string; readonly user: string }
  >()
  /** Whether events are signed as they must be, by their text. */
  readonly signed = new Map<string, boolean>()
  /** Events that a server acknowledged. */
  readonly acknowledged: { readonly server: SimulatedServer; readonly eventId: string }[] = []
  readonly #servers = new Map<string, SimulatedServer>()
  readonly #keys = new Map<string, PublicKeyResult>()
  readonly #twisters = new Map<SimulatedServer, (items: readonly string[]) => readonly string[]>()
  dice: Dice
  isHealed = false
  /** Whether a server waits for what never comes: no more can be done with the world then. */
  isStuck = false

  constructor(dice: Dice, identity: IdentityServer, trouble: Trouble, policies: Policies) {
    this.policies = policies
    this.dice = dice
    this.identity = identity
    this.trouble = trouble
    this.network = new Network(this.figures, trouble)
  }

  add(server: SimulatedServer): void {
    this.#servers.set(server.name, server)
    const validUntil = this.network.now() * 2
    this.#keys.set(`${server.name}/${server.key.keyId}`, {
      key: server.publicKey,
      expired_ts: 0,
      valid_until_ts: validUntil,
    })
  }

  policyServersFor(server: string): PolicyServers {
    return this.policies.asAskedBy(server, this)
  }

  get servers(): readonly SimulatedServer[] {
    return [...this.#servers.values()]
  }

  /** Servers that were never told to lie. */
  get honest(): readonly SimulatedServer[] {
    return this.servers.filter((server) => !this.isLiar(server))
  }

  server(name: string): SimulatedServer | undefined {
    return this.#servers.get(name)
  }

  publicKeys(names: readonly string[]): ReadonlyMap<string, PublicKeyResult> {
    return new Map([...this.#keys].filter(([name]) => names.includes(name)))
  }

  /** From now on the server is dishonest, and its answers to repair go through this. */
  corrupt(server: SimulatedServer, twister: (items: readonly string[]) => readonly string[]): void {
    this.#twisters.set(server, twister)
  }

  /** What a server answers: as it is, unless the server lies. */
  twist(server: SimulatedServer, items: readonly string[]): readonly string[] {
    return this.#twisters.get(server)?.(items) ?? items
  }

  /**
   * The same for the state before an event, where anybody else could tell: a server can say what it likes about the
   * past of its own events while nobody else has that.
   */
  twistState(
    server: SimulatedServer,
    asker: SimulatedServer,
    eventId: string,
    items: readonly string[],
  ): readonly string[] {
    const sender = serverOf(this.events.get(eventId)?.sender ?? '')
    const given = sender === server.name ? items : this.twist(server, items)
    if (items.some((item) => !given.includes(item))) asker.deceivedAbout.add(eventId)
    return given
  }

  isLiar(server: SimulatedServer): boolean {
    return this.#twisters.has(server)
  }

  /** All other servers, in an order that chance begins. */
  othersOf(server: SimulatedServer): readonly string[] {
    const others = this.servers.filter((other) => other !== server).map(({ name }) => name)
    const start = this.dice.below(others.length)
    return [...others.slice(start), ...others.slice(0, start)]
  }

  author({ key }: SimulatedServer): Author {
    return { key, now: this.network.now(), eventId: this.dice.text(12) }
  }

  /** Rooms that anybody has made. */
  get rooms(): readonly string[] {
    return [...new Set([...this.events.values()].map((event) => event.roomId))]
  }

  eventsOf(roomId: string): readonly Pdu[] {
    return [...this.events.values()].filter((event) => event.roomId === roomId)
  }

  learn(event: Pdu): void {
    this.events.set(event.eventId, event)
  }

  stuck(name: string): void {
    this.isStuck = true
    this.problem(`${name} ${STUCK}`)
  }

  problem(text: string): void {
    if (this.problems.length < MAX_PROBLEMS && !this.problems.includes(text)) this.problems.push(text)
  }

  /** Servers with users in a room, as a server sees it. */
  async audienceOf(server: SimulatedServer, roomId: string): Promise<ReadonlySet<string>> {
    const room = await server.storage.room(roomId)
    return new Set(room === undefined ? [] : await server.storage.joinedServers(room.nid))
  }

  async close(): Promise<void> {
    for (const server of this.servers) await server.close()
  }
}

/** A state that a room had once, with its auth chain. */
export interface OldState {
  readonly liar: string
  readonly state: readonly Pdu[]
  readonly chain: readonly Pdu[]
}

/** The body of an output as far as the simulation reads it. */
export interface OutputBody {
  readonly sendAsServer: string
  /** The server that peeks. */
  readonly peeker: string
  readonly rewrites: boolean
  /** Entries of the current state that come and go. */
  readonly adds: readonly string[]
  readonly removes: readonly string[]
}

export function bodyOf(text: string): OutputBody {
  const parsed = JSON.parse(text) as JsonValue
  const body = isJsonObject(parsed) ? parsed : {}
  const { send_as_server: sendAsServer, rewrites_state: rewrites, ServerName: peeker } = body
  return {
    sendAsServer: typeof sendAsServer === 'string' ? sendAsServer : '',
    peeker: typeof peeker === 'string' ? peeker : '',
    rewrites: rewrites === true,
    adds: textsOf(body['adds_state_event_ids']),
    removes: textsOf(body['removes_state_event_ids']),
  }
}

function textsOf(list: JsonValue | undefined): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
}
