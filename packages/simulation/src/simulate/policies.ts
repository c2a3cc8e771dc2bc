import { type PolicyAction, TestPolicyServer } from '@roomserver/testing'
import { RoomserverError } from '@roomserver/types'
import type { PolicyServers } from '@roomserver/core'

/** As much of the world as policy servers depend on. */
interface PolicySurroundings {
  readonly isHealed: boolean
  readonly figures: { policySigned: number; policyRefused: number }
  readonly network: { isConnected(from: string, to: string): boolean }
  server(name: string): { readonly isDown: boolean } | undefined
}

/** What the policy servers of a world are like. */
type Manners = 'honest' | 'dishonest' | 'dying'

const MANNERS: readonly Manners[] = ['honest', 'dishonest', 'dying']
/** Of so many worlds one has rooms with a policy server. */
const EVERY = 4

/**
 * The policy servers of a world: each server is one for the rooms that name it. Honest ones refuse some events, dishonest ones
 * sign badly, with another key, or for some servers only, and dying ones often do not answer. What becomes of an event hangs
 * on its ID alone, so that a story repeats itself. In the end all sign.
 */
export class Policies {
  readonly #manners: Manners | undefined
  readonly #servers = new Map<string, TestPolicyServer>()

  /** @param seed - decides whether rooms have policy servers, and of which kind */
  constructor(seed: number) {
    this.#manners =
      seed % EVERY === EVERY - 1 ? MANNERS[Math.floor(seed / EVERY) % MANNERS.length] : undefined
  }

  /** Whether an event of a server's own user may be refused although the rules allow it. */
  get mayRefuse(): boolean {
    return this.#manners !== undefined
  }

  /** The policy server that a server is for the rooms of this world; `undefined`: rooms have none. */
  async of(server: string): Promise<TestPolicyServer | undefined> {
    if (this.#manners === undefined) return undefined
    const known = this.#servers.get(server) ?? (await TestPolicyServer.start(server))
    this.#servers.set(server, known)
    return known
  }

  /** The way of a server to all of them. */
  asAskedBy(self: string, world: PolicySurroundings): PolicyServers {
    return {
      sign: async (request, signal) => {
        const policy = await this.of(request.server)
        if (policy === undefined) throw unreachable(request.server)
        if (!isReached(self, request.server, world)) throw unreachable(request.server)
        return await policy.answer(this.#actionOf(request.eventId, self, world), request, signal)
      },
    }
  }

  #actionOf(eventId: string, asker: string, { figures, isHealed }: PolicySurroundings): PolicyAction {
    const action = isHealed ? 'sign' : this.#mannersOf(digit(eventId), digit(eventId + asker))
    if (action === 'sign') figures.policySigned++
    else figures.policyRefused++
    return action
  }

  /**
   * @param event - the same number for all servers that ask
   * @param ofAsker - a different number for each of them
   */
  #mannersOf(event: number, ofAsker: number): PolicyAction {
    if (this.#manners === 'honest') return event % 8 === 0 ? 'refuse' : 'sign'
    if (this.#manners === 'dying') return ofAsker % 3 === 0 ? 'die' : 'sign'
    const lies: readonly PolicyAction[] = ['lie', 'other-signatures', 'sign', 'sign', 'sign']
    return ofAsker % 4 === 0 ? 'refuse' : (lies[event % lies.length] ?? 'sign')
  }
}

function isReached(from: string, server: string, world: PolicySurroundings): boolean {
  const other = world.server(server)
  if (other === undefined || other.isDown) return false
  return server === from || world.network.isConnected(from, server)
}

/** A number that depends on a text alone. */
function digit(text: string): number {
  let sum = 7
  for (const letter of text) sum = (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) >>> 0
  return sum
}

function unreachable(server: string): RoomserverError {
  const details = { component: 'federation', operation: 'signByPolicyServer', reason: server }
  return new RoomserverError('COMPONENT_FAILED', details, `${server} does not answer`)
}
