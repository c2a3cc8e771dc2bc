import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isFailure, type RoomserverError } from '@roomserver/types'
import { badRequest, type ErrorForm, failureForm } from './error-form.ts'
import type { LoggedOutput, OutputSource } from './options.ts'
import { sendError } from './send-error.ts'

/** How often a stream says that it is alive. */
const HEARTBEAT_MS = 15_000

/**
 * Makes the handler of `GET /api/roomserver/outputs?after=POSITION`: the output log as server-sent events, `id` the
 * position, `event` always `output`, `data` an OutputEvent. A reader that comes again sends `Last-Event-ID` and
 * misses nothing; one that stands before the first output that is kept gets 410 with the position of that, and one
 * that stands where the log has nothing, as after a restore of the database, 409 with the position of the end. The stream
 * ends when the server stops.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function outputsHandler(source: OutputSource, stopping: AbortSignal) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const after = positionOf(request)
    if (after === undefined) return sendError(reply, badRequest('after: not a position'))
    const missed = await missedBy(source, after)
    if (missed !== undefined) return sendError(reply, missed)
    const stop = new AbortController()
    reply.raw.once('close', () => stop.abort())
    reply.code(200).type('text/event-stream').header('cache-control', 'no-store')
    return reply.send(
      Readable.from(frames(source, after, AbortSignal.any([stop.signal, stopping])), {
        objectMode: true,
        highWaterMark: 16,
      }),
    )
  }
}

function positionOf(request: FastifyRequest): number | undefined {
  const query = request.query as Readonly<Record<string, unknown>>
  const text = request.headers['last-event-id'] ?? query['after'] ?? '0'
  if (typeof text !== 'string' || !/^\d{1,16}$/.test(text)) return undefined
  const position = Number(text)
  return Number.isSafeInteger(position) ? position : undefined
}

/** What a reader is told that would miss something. */
async function missedBy(source: OutputSource, after: number): Promise<ErrorForm | undefined> {
  try {
    await source.check(after)
    return undefined
  } catch (error) {
    if (isFailure(error, 'OUTPUTS_TRIMMED') || isFailure(error, 'OUTPUTS_POSITION_UNKNOWN'))
      return missedForm(error)
    throw error
  }
}

function missedForm(error: RoomserverError<'OUTPUTS_TRIMMED' | 'OUTPUTS_POSITION_UNKNOWN'>): ErrorForm {
  const { body, ...form } = failureForm(error)
  const { after: _after, ...bounds } = error.details
  return { ...form, body: JSON.stringify({ ...(JSON.parse(body) as object), code: error.code, ...bounds }) }
}

async function* frames(source: OutputSource, after: number, signal: AbortSignal): AsyncGenerator<string> {
  yield ': outputs follow\n\n'
  const entries = source.follow(after, signal)
  let next = entries.next()
  let beat = heartbeat(signal)
  try {
    while (!signal.aborted) {
      const step = await Promise.race([next, beat])
      if (step?.done === true) return
      yield step === undefined ? ':\n\n' : frame(step.value)
      if (step === undefined) beat = heartbeat(signal)
      else next = entries.next()
    }
  } finally {
    // Nobody waits for the one that was asked for last.
    next.catch(() => undefined)
  }
}

function frame({ position, payload }: LoggedOutput): string {
  return `id: ${position}\nevent: output\ndata: ${payload}\n\n`
}

async function heartbeat(signal: AbortSignal): Promise<undefined> {
  await delay(HEARTBEAT_MS, undefined, { signal, ref: false }).catch(() => undefined)
}
