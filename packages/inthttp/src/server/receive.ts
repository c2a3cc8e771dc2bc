import type { Readable } from 'node:stream'
import type { Decoded, DecodeLimits } from '@roomserver/api'
import type { LoopShare } from '@roomserver/types'
import type { Arrival, Arrivals } from './arrivals.ts'
import { GrowingBody, type Schema } from './growing-body.ts'
import { holdUp, readOn } from './hold-up.ts'
import type { SmallPieces } from './small-pieces.ts'

/** Why a request was not received. `gone`: the caller hung up; `idle`: nothing came any more; `fragmented`: in too many pieces. */
export type Unreceived = 'too-long' | 'too-slow' | 'idle' | 'gone' | 'overloaded' | 'fragmented'

/** What became of receiving a request. */
export type Received<T> =
  | {
      readonly kind: 'whole'
      readonly decoded: Decoded<T>
      /** Gives back what is held of the body. */
      readonly release: () => void
    }
  | { readonly kind: Unreceived }

/** How a body may be read. */
export interface BodyRules {
  readonly maxBytes: number
  /** What it says of its length, where it does. */
  readonly saidBytes: number | undefined
  readonly timeoutMs: number
  readonly limits: DecodeLimits
  readonly arrivals: Arrivals
  readonly smallPieces: SmallPieces
  /** That it comes on. */
  readonly connection: object
  readonly share: LoopShare
}

/**
 * Receives a body and decodes it, a long one while it comes: the sender is held up where that takes longer than the
 * network. Stops at the first bound it meets and leaves the rest unread; a body that is not valid JSON is read to its end all the
 * same, so that a bound is told of first. What is held of a whole body is held until it is released.
 */
export async function receive<T>(
  stream: Readable,
  schema: Schema<T>,
  rules: BodyRules,
): Promise<Received<T>> {
  if (rules.saidBytes !== undefined && rules.saidBytes > rules.maxBytes) return { kind: 'too-long' }
  const { promise, resolve, reject } = Promise.withResolvers<'whole' | 'refused' | Unreceived>()
  const arrival = rules.arrivals.begin(rules.connection, resolve)
  const body = new GrowingBody(schema, rules.limits)
  const expected = HELD_EACH * (rules.saidBytes ?? rules.maxBytes)
  const onData = (chunk: Buffer) => {
    arrival.seen(chunk.length)
    if (rules.smallPieces.add(rules.connection, chunk.length, body.length === 0)) return resolve('fragmented')
    if (body.length + chunk.length > rules.maxBytes) return resolve('too-long')
    try {
      const isWork = body.add(chunk)
      if (body.refusal !== undefined) return resolve('refused')
      const held = arrival.hold(body.heldBytes, expected)
      if (held === 'never') return resolve('overloaded')
      if (isWork || held === 'later') rest(stream, rules.share, arrival)
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
  const release = () => arrival.end()
  let received: Received<T> | undefined
  try {
    const kind = await promise
    if (kind === 'whole' && body.length > READ_AT_ONCE_BYTES) await rules.share.rest()
    received = outcome(kind, body, arrival, release)
    return received
  } finally {
    clearTimeout(timer)
    stream.on('error', ignore)
    stream.off('data', onData).off('end', onEnd)
    for (const event of ['close', 'error', 'aborted']) stream.off(event, onGone)
    if (received?.kind !== 'whole') release()
  }
}

function outcome<T>(
  kind: 'whole' | 'refused' | Unreceived,
  body: GrowingBody<T>,
  arrival: Arrival,
  release: () => void,
): Received<T> {
  if (kind === 'refused' && body.refusal !== undefined) {
    arrival.arrived(0)
    return { kind: 'whole', decoded: body.refusal, release }
  }
  if (kind !== 'whole') return { kind: kind === 'refused' ? 'gone' : kind }
  const decoded = body.end()
  return arrival.arrived(body.heldBytes) ? { kind, decoded, release } : { kind: 'overloaded' }
}

/** What goes wrong later is for whoever writes the answer to see. */
function ignore(): void {}

/** Holds a stream up until everybody else had a turn, and there is room for what comes of it. */
function rest(stream: Readable, share: LoopShare, arrival: Arrival): void {
  holdUp(stream)
  void resume(stream, share, arrival)
}

async function resume(stream: Readable, share: LoopShare, arrival: Arrival): Promise<void> {
  await share.rest()
  // Asked for now: more may have come in the meantime, for which there is no room.
  await arrival.room
  // It was we who did not listen.
  arrival.listening()
  readOn(stream)
}

/** What a byte of a large body takes once it is read: events, of which large ones are made, are kept as texts. */
const HELD_EACH = 1.5

/** A body that is decoded without waiting for a turn, in bytes. */
const READ_AT_ONCE_BYTES = 4 * 1024
