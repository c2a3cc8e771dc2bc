/** Bounds on requests whose bodies have not arrived as a whole. */
export interface ArrivalLimits {
  /** Bodies that arrive at the same time. */
  readonly maxArriving: number
  /** Large bodies that wait for room. */
  readonly maxWaiting: number
  /** How long a body may take for the next {@link bodyIdleBytes}. */
  readonly bodyIdleMs: number
  /** Less than this in {@link bodyIdleMs} is as if nothing came of a body. */
  readonly bodyIdleBytes: number
  /** Bytes of all bodies that are held, of those that arrive and of those that are worked on. */
  readonly maxBytes: number
}

/** Of the bytes for all bodies, the share of large ones; the rest is for small ones, and for what large ones hold while they wait. */
const LARGE_SHARE = 3 / 4

/** Of the bytes for all bodies, the share that several bodies of one connection may hold. */
const CONNECTION_SHARE = 7 / 8

/** Of the bytes for all bodies, what one may hold without having reserved what it is going to hold. */
const SMALL_SHARE = 1 / 128

/** Silent bodies that are cut off before others have a turn: each is answered. */
const CUT_OFF_AT_ONCE = 32

/** Into how many looks the time is divided in which nothing comes. */
const LOOKS = 5

/** Looks without progress after which a body makes room for others that need it; the first may come right after some. */
const SILENT_LOOKS = 2

/** What is held of a body, with what it says now: `later`: once {@link Arrival.room} is there; `never`: there are too many. */
export type Held = 'now' | 'later' | 'never'

/** A body that arrives, and what it holds until the request is answered. */
export interface Arrival {
  /** Something of it has come. */
  seen(bytes: number): void
  /** It was not listened to for a while, and is from now on: it was not silent. */
  listening(): void
  /**
   * Says how much is held of it now. A body that becomes large reserves what it is going to hold, so that no two of them
   * wait for each other half read.
   *
   * @param expected - bytes that it is expected to hold in the end
   */
  hold(bytes: number, expected: number): Held
  /** Resolves when there is room for it, or it is done with. */
  readonly room: Promise<void>
  /** All of it has come, and so much is held of it from now on. False: so much is not to be had. */
  arrived(bytes: number): boolean
  /** It is done with. */
  end(): void
}

class Body implements Arrival {
  readonly connection: object
  readonly cutOff: (why: 'idle' | 'overloaded') => void
  readonly #arrivals: Arrivals
  held = 0
  /** What it reserved when it became large; 0: it is small, or waits. */
  reserved = 0
  seenAt: number
  /** Bytes that have come since it last made progress. */
  #since = 0
  room = Promise.resolve()

  constructor(arrivals: Arrivals, connection: object, cutOff: Body['cutOff']) {
    this.#arrivals = arrivals
    this.connection = connection
    this.cutOff = cutOff
    this.seenAt = arrivals.look
  }

  seen(bytes: number): void {
    this.#since += bytes
    if (this.#since >= this.#arrivals.limits.bodyIdleBytes) this.listening()
  }

  listening(): void {
    this.#since = 0
    this.seenAt = this.#arrivals.look
    this.#arrivals.seen(this)
  }

  hold(bytes: number, expected: number): Held {
    return this.#arrivals.hold(this, bytes, expected)
  }

  arrived(bytes: number): boolean {
    this.#arrivals.leave(this)
    return this.#arrivals.take(this, bytes)
  }

  end(): void {
    this.#arrivals.leave(this)
    this.#arrivals.take(this, 0)
  }
}

/** A large body that waits until there is room for it. */
interface Waiting {
  readonly bytes: number
  readonly begin: () => void
}

/**
 * The bodies that arrive. They do not count as work in progress, so slow bodies do not block others. One of which
 * hardly anything comes for a while is cut off, sooner where others need its place or its bytes, and then the one first
 * that has been silent longest. Large ones are read as far as there is room for all of them, in the order in which they
 * came, and the others wait. What connections hold is bounded, so that none can take it all.
 *
 * Time is counted in looks, one a turn of the event loop at the most: when the loop was held up, nobody was silent.
 */
export class Arrivals {
  readonly limits: ArrivalLimits
  /** The one that was silent longest comes first. Those that wait are not among them. */
  readonly #bodies = new Set<Body>()
  readonly #waiting = new Map<Body, Waiting>()
  readonly #heldBy = new WeakMap<object, number>()
  #held = 0
  /** What large bodies hold or have reserved. */
  #large = 0
  #timer: NodeJS.Timeout | undefined
  look = 0

  constructor(limits: ArrivalLimits) {
    this.limits = limits
  }

  /** Bytes of bodies that are held or reserved. */
  get heldBytes(): number {
    return this.#held
  }

  /** Bodies that arrive. */
  get count(): number {
    return this.#bodies.size
  }

  /** Large bodies that wait for room. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /**
   * Lets a body arrive.
   *
   * @param connection - that it comes on
   * @param cutOff - called when it is not waited for any longer
   */
  begin(connection: object, cutOff: (why: 'idle' | 'overloaded') => void): Arrival {
    if (this.#bodies.size >= this.limits.maxArriving) this.#first()?.cutOff('overloaded')
    const body = new Body(this, connection, cutOff)
    this.#bodies.add(body)
    this.#timer ??= setInterval(() => this.#lookAround(), this.limits.bodyIdleMs / LOOKS).unref()
    return body
  }

  /** @see {@link Arrival.seen} */
  seen(body: Body): void {
    if (this.#bodies.delete(body)) this.#bodies.add(body)
  }

  /** It does not arrive any longer, whether or not it has come as a whole. */
  leave(body: Body): void {
    this.#bodies.delete(body)
    this.#waiting.get(body)?.begin()
    this.#waiting.delete(body)
    if (this.#bodies.size > 0 || this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** @see {@link Arrival.hold} */
  hold(body: Body, bytes: number, expected: number): Held {
    if (bytes <= body.reserved) return 'now'
    if (this.#waiting.has(body)) return this.take(body, bytes) ? 'later' : 'never'
    const { maxBytes, maxWaiting } = this.limits
    const isSmall = bytes <= maxBytes * SMALL_SHARE
    if (isSmall || body.reserved > 0) return this.take(body, bytes, body.reserved > 0) ? 'now' : 'never'
    const reserved = Math.max(bytes, Math.min(expected, maxBytes * LARGE_SHARE))
    if (this.#waiting.size === 0 && this.#isRoomForLarge(body, reserved)) {
      return this.take(body, reserved, true) ? 'now' : 'never'
    }
    if (this.#waiting.size >= maxWaiting || !this.take(body, bytes)) return 'never'
    this.#bodies.delete(body)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.set(body, { bytes: reserved, begin: resolve })
    body.room = promise
    return 'later'
  }

  /** Has a body hold so much from now on. False: so much is not to be had. */
  take(body: Body, bytes: number, isLarge = false): boolean {
    const more = bytes - body.held
    if (more > 0 && !this.#isRoomFor(body, more)) return false
    this.#set(body, bytes, isLarge)
    if (more < 0) this.#letIn()
    return true
  }

  #set(body: Body, bytes: number, isLarge: boolean): void {
    const more = bytes - body.held
    const reserved = isLarge || body.reserved > 0 ? bytes : 0
    this.#large += reserved - body.reserved
    this.#held += more
    this.#heldBy.set(body.connection, this.#heldByConnection(body) + more)
    body.held = bytes
    body.reserved = reserved
  }

  #heldByConnection({ connection }: Body): number {
    return this.#heldBy.get(connection) ?? 0
  }

  #isRoomFor(body: Body, more: number): boolean {
    const { maxBytes } = this.limits
    const held = this.#heldByConnection(body)
    const isAlone = held === body.held
    if (!isAlone && held + more > maxBytes * CONNECTION_SHARE) return false
    this.#cutOffSilent(body, () => this.#held + more <= maxBytes)
    return this.#held + more <= maxBytes
  }

  /** Whether a body may become a large one. */
  #isRoomForLarge(body: Body, bytes: number): boolean {
    const most = this.limits.maxBytes * LARGE_SHARE
    // One that is larger than the share of all is admitted alone.
    const isRoom = () => this.#large === 0 || this.#large + bytes <= most
    this.#cutOffSilent(body, isRoom)
    return isRoom() && this.#isRoomFor(body, bytes - body.held)
  }

  /** Has bodies of which nothing comes make room for another. */
  #cutOffSilent(needy: Body, isEnough: () => boolean): void {
    for (const body of this.#bodies) {
      if (isEnough() || this.look - body.seenAt < SILENT_LOOKS) return
      if (body === needy || body.held === 0) continue
      this.leave(body)
      this.#set(body, 0, false)
      body.cutOff('overloaded')
    }
  }

  /** Lets in those that wait, in their order, as far as there is room. */
  #letIn(): void {
    for (const [body, { bytes, begin }] of this.#waiting) {
      if (!this.#isRoomForLarge(body, bytes)) return
      this.#waiting.delete(body)
      this.#bodies.add(body)
      body.seenAt = this.look
      this.#set(body, bytes, true)
      begin()
    }
  }

  #first(): Body | undefined {
    const [first] = this.#bodies
    return first
  }

  #lookAround(): void {
    this.look++
    this.#cutOffIdle()
    this.#letIn()
  }

  #cutOffIdle(): void {
    let left = CUT_OFF_AT_ONCE
    for (const body of this.#bodies) {
      if (this.look - body.seenAt < LOOKS) return
      if (left-- === 0) return void setImmediate(() => this.#cutOffIdle())
      body.cutOff('idle')
    }
  }
}
