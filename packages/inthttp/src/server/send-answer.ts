import { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { writeInPieces } from '@roomserver/api'
import type { FastifyReply } from 'fastify'
import type { ErrorForm } from './error-form.ts'

type Schema = Parameters<typeof writeInPieces>[0]
type Pieces = Iterator<string | Uint8Array | Promise<void>, void>

/** How much of an answer is handed to the connection at a time, in bytes. */
const BATCH_BYTES = 512 * 1024

/** How an answer is sent. */
export interface Sending {
  /** How long a caller may need for a batch. */
  readonly stallMs: number
  /** Told why an answer was broken off, other than by its caller. */
  readonly onBroken: (error: unknown) => void
}

/** Sends an error. */
export function sendError(reply: FastifyReply, form: ErrorForm): FastifyReply {
  return reply
    .code(form.status)
    .headers(form.headers)
    .header('content-type', 'application/json')
    .send(Buffer.from(form.body, 'utf8'))
}

/**
 * Sends an answer: all of it at once, or a long one batch by batch as the caller takes it, of which no more is made than
 * is on its way. A caller who needs more than `stallMs` for a batch is cut off. An answer that cannot be brought to its
 * end is reset, so that nobody takes it for a whole one.
 *
 * Nothing happens to an answer on its way, so it goes past Fastify, whose way out costs as much as a short answer.
 *
 * @throws whatever is wrong with the beginning of the value; later than that, the answer is broken off
 */
export async function sendAnswer(
  reply: FastifyReply,
  schema: Schema,
  value: unknown,
  sending: Sending,
): Promise<FastifyReply> {
  const pieces = writeInPieces(schema, value)
  const first = await nextBatch(pieces)
  reply.hijack()
  const out = begin(reply, first.isLast ? first.length : undefined)
  if (out === undefined) return reply
  if (reply.request.method === 'HEAD') out.end()
  else if (first.isLast) finish(out, first)
  else void pour(out, first, pieces, sending)
  return reply
}

/** Sends the headers, and gives what takes the body; `undefined`: the caller is gone. */
function begin({ raw }: FastifyReply, length: number | undefined): Writable | undefined {
  const headers = {
    'content-type': 'application/json',
    ...(length !== undefined && { 'content-length': length }),
  }
  const { stream } = raw as { readonly stream?: ServerHttp2Stream }
  if (stream === undefined) return raw.writeHead(200, headers)
  if (stream.destroyed) return undefined
  // Not as HTTP/1.1 would: a response in its shape might have trailers, and says that it is over with a write of its own.
  stream.respond({ ':status': 200, ...headers })
  return stream
}

interface Batch {
  readonly pieces: readonly Uint8Array[]
  readonly length: number
  readonly isLast: boolean
}

async function nextBatch(source: Pieces): Promise<Batch> {
  const pieces: Uint8Array[] = []
  let length = 0
  while (length < BATCH_BYTES) {
    const { value, done } = source.next()
    if (done === true) return { pieces, length, isLast: true }
    if (value instanceof Promise) {
      await value
      continue
    }
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
    pieces.push(bytes)
    length += bytes.length
  }
  return { pieces, length, isLast: false }
}

async function pour(out: Writable, first: Batch, rest: Pieces, sending: Sending): Promise<void> {
  try {
    let batch = first
    while (!batch.isLast) {
      if (!write(out, batch) && !(await isTaken(out, sending.stallMs))) return breakOff(out)
      // A caller as fast as this one must not keep the others from their turn.
      await setImmediate()
      batch = await nextBatch(rest)
    }
    finish(out, batch)
  } catch (error) {
    breakOff(out)
    sending.onBroken(error)
  }
}

/** Ends an answer such that it cannot be taken for a whole one: HTTP/2 has a code for that, HTTP/1.1 only the connection. */
function breakOff(out: Writable): void {
  // Without an error, or by close(), Node says first that the answer is over.
  if (out instanceof ServerResponse) out.destroy()
  else out.destroy(new Error('the answer was broken off'))
}

/** Writes a batch. False: the caller has not taken it yet. */
function write(out: Writable, { pieces }: Batch): boolean {
  // In one go, except on HTTP/1.1: a response that was corked does not tell when it has drained.
  const isCorked = !(out instanceof ServerResponse)
  if (isCorked) out.cork()
  let isTaken = true
  for (const piece of pieces) isTaken = out.write(piece)
  if (isCorked) out.uncork()
  return isTaken
}

function finish(out: Writable, batch: Batch): void {
  const [only] = batch.pieces
  if (batch.pieces.length === 1) return void out.end(only)
  write(out, batch)
  out.end()
}

/** Waits until the caller has taken what was written; false: he is gone, or took too long. */
async function isTaken(out: Writable, stallMs: number): Promise<boolean> {
  if (out.destroyed) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), stallMs)
  const onDrain = () => resolve(true)
  const onClose = () => resolve(false)
  out.once('drain', onDrain).once('close', onClose)
  return await promise.finally(() => {
    clearTimeout(timer)
    out.off('drain', onDrain).off('close', onClose)
  })
}
