/** Bounds on requests whose bodies have not arrived as a whole. */
export interface ArrivalLimits {
  /** Bodies that arrive at the same time. */
  readonly maxArriving: number
  /** How long nothing may come of a body. */
  readonly bodyIdleMs: number
  /** Bytes of all bodies that are held, of those that arrive and of those that are worked on. */
  readonly maxBytes: number
}

/** Of the bytes for all bodies, the share that several bodies of one connection may hold. */
const CONNECTION_SHARE = 3 / 4

/** Into how many looks the time is divided in which nothing comes. */
const LOOKS = 5

/** Looks without a byte after which a body makes room for others that need it. */
const SILENT_LOOKS = 1

/** A body that arrives, and what it holds until the request is answered. */
export interface Arrival {
  /** Something of it has come. */
  seen(): void
  /** Says how much is held of it now. False: so much is not to be had. */
  hold(bytes: number): boolean
  /** All of it has come; what it holds stays held. */
  arrived(): void
  /** It is done with. */
  end(): void
}

class Body implements Arrival {
  readonly connection: object
  readonly cutOff: (why: 'idle' | 'overloaded') => void
  readonly #arrivals: Arrivals
  held = 0
  seenAt: number

  constructor(arrivals: Arrivals, connection: object, cutOff: Body['cutOff']) {
    this.#arrivals = arrivals
    this.connection = connection
    this.cutOff = cutOff
    this.seenAt = arrivals.look
  }

  seen(): void {
    this.seenAt = this.#arrivals.look
    this.#arrivals.seen(this)
  }

  hold(bytes: number): boolean {
    return this.#arrivals.hold(this, bytes)
  }

  arrived(): void {
    this.#arrivals.leave(this)
  }

  end(): void {
    this.#arrivals.leave(this)
    this.#arrivals.hold(this, 0)
  }
}

/**
 * The bodies that arrive. They are no work in progress: what comes slowly or not at all keeps nobody out. One of which
 * nothing comes for a while is cut off, sooner where others need its place or its bytes, and then the one first that has
 * been silent longest. What their connections hold is bounded, so that none can take it all.
 *
 * Time is counted in looks, one a turn of the event loop at the most: when the loop was held up, nobody was silent.
 */
export class Arrivals {
  readonly #limits: ArrivalLimits
  /** The one that was silent longest comes first. */
  readonly #bodies = new Set<Body>()
  readonly #heldBy = new WeakMap<object, number>()
  #held = 0
  #timer: NodeJS.Timeout | undefined
  look = 0

  constructor(limits: ArrivalLimits) {
    this.#limits = limits
  }

  /** Bytes of bodies that are held. */
  get heldBytes(): number {
    return this.#held
  }

  /** Bodies that arrive. */
  get count(): number {
    return this.#bodies.size
  }

  /**
   * Lets a body arrive.
   *
   * @param connection - that it comes on
   * @param cutOff - told when it is not waited for any longer
   */
  begin(connection: object, cutOff: (why: 'idle' | 'overloaded') => void): Arrival {
    if (this.#bodies.size >= this.#limits.maxArriving) this.#first()?.cutOff('overloaded')
    const body = new Body(this, connection, cutOff)
    this.#bodies.add(body)
    this.#timer ??= setInterval(() => this.#lookAround(), this.#limits.bodyIdleMs / LOOKS).unref()
    return body
  }

  /** @see {@link Arrival.seen} */
  seen(body: Body): void {
    if (this.#bodies.delete(body)) this.#bodies.add(body)
  }

  /** @see {@link Arrival.arrived} */
  leave(body: Body): void {
    this.#bodies.delete(body)
    if (this.#bodies.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** @see {@link Arrival.hold} */
  hold(body: Body, bytes: number): boolean {
    const more = bytes - body.held
    const held = this.#heldBy.get(body.connection) ?? 0
    if (more > 0 && !this.#isRoomFor(body, more, held)) return false
    body.held = bytes
    this.#held += more
    this.#heldBy.set(body.connection, held + more)
    return true
  }

  #isRoomFor(body: Body, more: number, heldByConnection: number): boolean {
    const { maxBytes } = this.#limits
    const isAlone = heldByConnection === body.held
    if (!isAlone && heldByConnection + more > maxBytes * CONNECTION_SHARE) return false
    for (const other of this.#bodies) {
      if (this.#held + more <= maxBytes || this.look - other.seenAt < SILENT_LOOKS) break
      if (other !== body && other.held > 0) other.cutOff('overloaded')
    }
    return this.#held + more <= maxBytes
  }

  #first(): Body | undefined {
    const [first] = this.#bodies
    return first
  }

  #lookAround(): void {
    this.look++
    for (const body of this.#bodies) {
      if (this.look - body.seenAt < LOOKS) return
      body.cutOff('idle')
    }
  }
}
