import type { InspectGraphRequest, InspectGraphResponse } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { EventId, RoomId } from '@roomserver/types'
import { UnevaluatedGraph } from './unevaluated-graph.ts'

/** Pages of the graphs of a file while it is read: the first out of the latest events, the others when all are read. */
export class EarlyGraph {
  #first: UnevaluatedGraph | undefined
  #whole: UnevaluatedGraph | undefined
  readonly #read: Promise<void>
  /** Rooms of which a first page was given that may lack ends of lower depth, and these ends once they are known. */
  readonly #lacking = new Map<RoomId, readonly EventId[]>()

  /**
   * @param parts.latest - the events of the greatest depth
   * @param parts.read - all events, when their IDs are known
   */
  constructor({ latest, read }: { readonly latest: readonly Pdu[]; readonly read: Promise<readonly Pdu[]> }) {
    this.#first = new UnevaluatedGraph(latest, false)
    this.#read = read.then((pdus) => {
      this.#whole = new UnevaluatedGraph(pdus, true)
    })
    this.#read.catch(() => undefined)
  }

  /** A page; `undefined`: all is evaluated, or there is no such room. */
  async page(request: InspectGraphRequest): Promise<InspectGraphResponse | undefined> {
    const { from, room_id: roomId } = request
    if (this.#whole === undefined && from.length === 0) {
      const page = this.#first?.page(request)
      if (page !== undefined && page.next.length > 0) {
        this.#lacking.set(roomId, [])
        return page
      }
    }
    await this.#read
    if (this.#whole === undefined || this.#whole.endsOf(roomId).length === 0) return undefined
    return this.#whole.page(await this.withLacking(request))
  }

  /** A request that goes on behind a first page, with the ends that this one lacked. */
  async withLacking(request: InspectGraphRequest): Promise<InspectGraphRequest> {
    const { from, room_id: roomId } = request
    if (from.length === 0 || !this.#lacking.has(roomId)) return request
    await this.#read
    const ends = this.#endsLackingIn(roomId)
    this.#lacking.delete(roomId)
    return { ...request, from: [...from, ...ends] }
  }

  /** Lets go of the events: all are evaluated. */
  end(): void {
    for (const roomId of this.#lacking.keys()) this.#lacking.set(roomId, this.#endsLackingIn(roomId))
    this.#first = undefined
    this.#whole = undefined
  }

  #endsLackingIn(roomId: RoomId): readonly EventId[] {
    const ends = this.#whole?.endsOf(roomId).filter((id) => this.#first?.has(id) !== true)
    return ends ?? this.#lacking.get(roomId) ?? []
  }
}
