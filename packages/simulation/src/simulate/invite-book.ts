import type { Pdu } from '@roomserver/events'
import { serverOf } from '@roomserver/types'
import type { Figures } from './figures.ts'
import type { SimulatedServer } from './simulated-server.ts'

interface Invited {
  readonly server: SimulatedServer
  readonly roomId: string
  readonly user: string
  /** Servers whose invites are open. */
  readonly inviters: ReadonlySet<string>
  /** Something broke in the middle, so that either would be right. */
  readonly isDoubtful: boolean
}

/** Which invites users must have open, by what their servers were told, and what they said of it themselves. */
export class InviteBook {
  readonly #figures: Figures
  readonly #invited = new Map<string, Invited>()

  constructor(figures: Figures) {
    this.#figures = figures
  }

  get all(): Iterable<Invited> {
    return this.#invited.values()
  }

  /** The user's server took an invite. */
  begin(server: SimulatedServer, { roomId, sender, stateKey: user = '' }: Pdu): void {
    const { inviters } = this.#of(roomId, user)
    this.#figures.invites++
    this.#put(server, roomId, user, new Set([...inviters, serverOf(sender) ?? '']))
  }

  /** The user rejected all of them. */
  reject(server: SimulatedServer, roomId: string, user: string): void {
    this.#figures.declined++
    this.end(server, roomId, user)
  }

  /** Nothing is open any more. */
  end(server: SimulatedServer, roomId: string, user: string): void {
    this.#put(server, roomId, user, new Set())
  }

  /** The user's server received that the user is not invited, or not any longer. That counts if only that server invited them. */
  withdraw(server: SimulatedServer, { roomId, sender, stateKey: user = '' }: Pdu): void {
    const { inviters } = this.#of(roomId, user)
    const isByAll = [...inviters].every((inviter) => inviter === serverOf(sender))
    if (!isByAll || inviters.size === 0) return
    this.#figures.withdrawn++
    this.end(server, roomId, user)
  }

  doubt(server: SimulatedServer, roomId: string, user: string): void {
    this.#put(server, roomId, user, this.#of(roomId, user).inviters, true)
  }

  #of(roomId: string, user: string): Pick<Invited, 'inviters' | 'isDoubtful'> {
    return this.#invited.get(keyOf(roomId, user)) ?? { inviters: new Set(), isDoubtful: false }
  }

  #put(
    server: SimulatedServer,
    roomId: string,
    user: string,
    inviters: ReadonlySet<string>,
    isDoubtful = false,
  ): void {
    this.#invited.set(keyOf(roomId, user), { server, roomId, user, inviters, isDoubtful })
  }
}

/** A user has one server, so its name need not be part of this. */
function keyOf(roomId: string, user: string): string {
  return `${roomId} ${user}`
}
