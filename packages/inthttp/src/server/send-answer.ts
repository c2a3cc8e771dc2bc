import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { encodeInPieces } from '@roomserver/api'
import type { FastifyReply } from 'fastify'
import type { ErrorForm } from './error-form.ts'

type Schema = Parameters<typeof encodeInPieces>[0]

/** Sends an error. */
export function sendError(reply: FastifyReply, form: ErrorForm): FastifyReply {
  return reply
    .code(form.status)
    .headers(form.headers)
    .header('content-type', 'application/json')
    .send(Buffer.from(form.body, 'utf8'))
}

/**
 * Sends an answer: a short one at once, a long one piece by piece as the caller takes it. A caller who takes nothing
 * for `stallMs` is cut off.
 *
 * @throws whatever is wrong with the beginning of the value; later than that, the answer is broken off
 */
export function sendAnswer(
  reply: FastifyReply,
  schema: Schema,
  value: unknown,
  stallMs: number,
): FastifyReply {
  reply.code(200).header('content-type', 'application/json')
  const pieces = encodeInPieces(schema, value)
  const first = pieces.next()
  if (first.done === true) return reply.send(Buffer.alloc(0))
  const second = pieces.next()
  if (second.done === true) return reply.send(Buffer.from(first.value, 'utf8'))
  const cutOff = () => reply.raw.destroy()
  return reply.send(
    Readable.from(watched([first.value, second.value], pieces, stallMs, cutOff), { highWaterMark: 2 }),
  )
}

async function* watched(
  begun: readonly string[],
  rest: Iterable<string>,
  stallMs: number,
  cutOff: () => void,
): AsyncGenerator<Buffer> {
  for (const pieces of [begun, rest]) {
    for (const piece of pieces) {
      const timer = setTimeout(cutOff, stallMs)
      try {
        yield Buffer.from(piece, 'utf8')
      } finally {
        clearTimeout(timer)
      }
      // A caller as fast as this one must not keep the others from their turn.
      await setImmediate()
    }
  }
}
