import type { ServerResponse } from 'node:http'
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
  const { raw } = reply
  const type = { 'content-type': 'application/json' }
  raw.writeHead(200, first.isLast ? { ...type, 'content-length': first.length } : type)
  if (reply.request.method === 'HEAD') raw.end()
  else if (first.isLast) finish(raw, first)
  else pour(raw, first, pieces, stallMs).catch(() => raw.destroy())
  return reply
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
  raw: ServerResponse,
  first: Batch,
  rest: Iterator<string | Uint8Array, void>,
  stallMs: number,
): Promise<void> {
  let batch = first
  while (!batch.isLast) {
    if (!write(raw, batch) && !(await isTaken(raw, stallMs))) return void raw.destroy()
    // A caller as fast as this one must not keep the others from their turn.
    await setImmediate()
    batch = nextBatch(rest)
  }
  finish(raw, batch)
}

/** Writes a batch in one go. False: the caller has not taken it yet. */
function write(raw: ServerResponse, { pieces }: Batch): boolean {
  // A response of HTTP/1.1 that was corked does not tell when it has drained.
  const isCorked = raw.req.httpVersionMajor > 1
  if (isCorked) raw.cork()
  let isTaken = true
  for (const piece of pieces) isTaken = raw.write(piece)
  if (isCorked) raw.uncork()
  return isTaken
}

function finish(raw: ServerResponse, batch: Batch): void {
  const [only] = batch.pieces
  if (batch.pieces.length === 1) return void raw.end(only)
  write(raw, batch)
  raw.end()
}

/** Waits until the caller has taken what was written; false: he is gone, or took too long. */
function isTaken(raw: ServerResponse, stallMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), stallMs)
  const onDrain = () => resolve(true)
  const onClose = () => resolve(false)
  raw.once('drain', onDrain).once('close', onClose)
  return promise.finally(() => {
    clearTimeout(timer)
    raw.off('drain', onDrain).off('close', onClose)
  })
}
