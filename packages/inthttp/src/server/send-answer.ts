import { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { encodeInPieces } from '@roomserver/api'
import type { FastifyReply } from 'fastify'
import type { ErrorForm } from './error-form.ts'

type Schema = Parameters<typeof encodeInPieces>[0]

/** How much of an answer is handed to the connection at a time, in bytes. */
const BATCH_BYTES = 1024 * 1024

/** Sends an error. */
export function sendError(reply: FastifyReply, form: ErrorForm): FastifyReply {
  return reply
    .code(form.status)
    .headers(form.headers)
    .header('content-type', 'application/json')
    .send(Buffer.from(form.body, 'utf8'))
}

/**
 * Sends an answer: all of it at once, or a long one batch by batch as the caller takes it. A caller who needs more
 * than `stallMs` for a batch is cut off.
 *
 * Nothing happens to an answer on its way, so it goes past Fastify, whose way out costs as much as a short answer.
 *
 * @throws whatever is wrong with the beginning of the value; later than that, the answer is broken off
 */
export function sendAnswer(
  reply: FastifyReply,
  schema: Schema,
  value: unknown,
  stallMs: number,
): FastifyReply {
  const pieces = encodeInPieces(schema, value)
  const first = nextBatch(pieces)
  reply.hijack()
  const out = begin(reply, first.isLast ? first.length : undefined)
  if (out === undefined) return reply
  if (reply.request.method === 'HEAD') out.end()
  else if (first.isLast) finish(out, first)
  else pour(out, first, pieces, stallMs).catch(() => out.destroy())
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

function nextBatch(source: Iterator<string | Uint8Array, void>): Batch {
  const pieces: Uint8Array[] = []
  let length = 0
  while (length < BATCH_BYTES) {
    const { value, done } = source.next()
    if (done === true) return { pieces, length, isLast: true }
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
    pieces.push(bytes)
    length += bytes.length
  }
  return { pieces, length, isLast: false }
}

async function pour(
  out: Writable,
  first: Batch,
  rest: Iterator<string | Uint8Array, void>,
  stallMs: number,
): Promise<void> {
  let batch = first
  while (!batch.isLast) {
    if (!write(out, batch) && !(await isTaken(out, stallMs))) return void out.destroy()
    // A caller as fast as this one must not keep the others from their turn.
    await setImmediate()
    batch = nextBatch(rest)
  }
  finish(out, batch)
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
function isTaken(out: Writable, stallMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), stallMs)
  const onDrain = () => resolve(true)
  const onClose = () => resolve(false)
  out.once('drain', onDrain).once('close', onClose)
  return promise.finally(() => {
    clearTimeout(timer)
    out.off('drain', onDrain).off('close', onClose)
  })
}
