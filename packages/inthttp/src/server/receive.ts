import type { Readable } from 'node:stream'
import { BodyDecoder, type Decoded, decode } from '@roomserver/api'

/** The description of a request, as it is decoded. */
type Schema<T> = Parameters<typeof decode<T>>[0]

/** What became of receiving a request. `gone`: the caller hung up. */
export type Received<T> =
  | { readonly kind: 'whole'; readonly decoded: Decoded<T>; readonly length: number }
  | { readonly kind: 'too-long' | 'too-slow' | 'gone' | 'overloaded' }

/** Bytes of all bodies that are held at a time. */
export class BodyBudget {
  private held = 0
  readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /** Takes `count` bytes; false: they are not to be had. */
  take(count: number): boolean {
    if (this.held + count > this.limit) return false
    this.held += count
    return true
  }

  /** Gives bytes back. */
  give(count: number): void {
    this.held -= count
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.held
  }
}

/** How a body may be read. */
export interface BodyRules {
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly budget: BodyBudget
}

/**
 * Receives a body and decodes it, a long one while it comes: the sender is held up where that takes longer than the
 * network. Stops at the first bound it meets and leaves the rest unread; what is no JSON is read to its end all the
 * same, so that a bound is told of first. What it took of the budget stays taken, for the caller to give back, when the
 * body is whole; else it is given back.
 */
export async function receive<T>(
  stream: Readable,
  schema: Schema<T>,
  rules: BodyRules,
): Promise<Received<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<Received<T>['kind']>()
  const body = new GrowingBody(schema)
  const onData = (chunk: Buffer) => {
    if (body.length + chunk.length > rules.maxBytes) return resolve('too-long')
    if (!rules.budget.take(chunk.length)) return resolve('overloaded')
    try {
      if (body.add(chunk)) rest(stream)
    } catch (error) {
      reject(error)
    }
  }
  const onEnd = () => resolve('whole')
  const onGone = () => resolve('gone')
  const timer = setTimeout(() => resolve('too-slow'), rules.timeoutMs)
  stream
    .on('data', onData)
    .once('end', onEnd)
    .once('close', onGone)
    .once('error', onGone)
    .once('aborted', onGone)
  let kind: Received<T>['kind'] | undefined
  try {
    kind = await promise
    return kind === 'whole' ? { kind, decoded: body.end(), length: body.length } : { kind }
  } finally {
    clearTimeout(timer)
    stream.on('error', ignore)
    stream.off('data', onData).off('end', onEnd)
    for (const event of ['close', 'error', 'aborted']) stream.off(event, onGone)
    if (kind !== 'whole') rules.budget.give(body.length)
  }
}

/** What goes wrong later is for whoever writes the answer to see. */
function ignore(): void {}

/** Holds a stream up until everybody else had a turn. */
function rest(stream: Readable): void {
  stream.pause()
  setImmediate(() => stream.resume())
}

/** A body that is decoded in no time, in bytes. */
const SHORT_BYTES = 256 * 1024
/** After how many bytes of a long one others get a turn: about a millisecond's work. */
const TURN_BYTES = 128 * 1024

/** What has come of a body: a short one as it is, a longer one decoded as far as that goes. */
class GrowingBody<T> {
  length = 0
  readonly #schema: Schema<T>
  #chunks: Buffer[] = []
  #decoder: BodyDecoder<T> | undefined
  #turnAt = SHORT_BYTES + TURN_BYTES

  constructor(schema: Schema<T>) {
    this.#schema = schema
  }

  /** Takes what comes next. True: that was work, and it is others' turn. */
  add(chunk: Buffer): boolean {
    this.length += chunk.length
    if (this.#decoder !== undefined) this.#decoder.add(chunk)
    else this.#chunks.push(chunk)
    if (this.length > SHORT_BYTES) this.#decoder ??= this.#begin()
    if (this.length < this.#turnAt) return false
    this.#turnAt = this.length + TURN_BYTES
    return true
  }

  end(): Decoded<T> {
    if (this.#decoder !== undefined) return this.#decoder.end()
    const [first] = this.#chunks
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks)
    return decode(this.#schema, bytes)
  }

  #begin(): BodyDecoder<T> {
    const decoder = new BodyDecoder(this.#schema)
    for (const chunk of this.#chunks) decoder.add(chunk)
    this.#chunks = []
    return decoder
  }
}
