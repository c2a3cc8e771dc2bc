import { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { writeInChunks } from '@roomserver/api'
import type { LoopShare } from '@roomserver/types'
import type { RequestsUnderWay } from './requests-under-way.ts'
import type { Exchange } from './exchange.ts'

type Schema = Parameters<typeof writeInChunks>[0]
type Chunks = Iterator<string | Uint8Array | Promise<void>, void>

/** How long an answer is processed before others are: what it waits for may not yield by itself. */
const SLICE_MS = 1

/** How an answer is sent. */
export interface Sending {
  /** How long a caller may need for a batch. */
  readonly stallMs: number
  /** Called with the reason why an answer was broken off, other than by its caller. */
  readonly onBroken: (error: unknown) => void
  /** Says that the caller went away before the answer began. */
  readonly gone: AbortSignal
  /** The share of the event loop for making answers. */
  readonly share: LoopShare
  readonly underWay: RequestsUnderWay
}

/**
 * Sends an answer: all of it at once, or a long one batch by batch as the caller takes it, of which no more is made than
 * is on its way. A caller who needs more than `stallMs` for a batch is cut off. An answer that cannot be brought to its
 * end is reset, so that nobody takes it for a whole one.
 *
 * @throws whatever is wrong with the beginning of the value; later than that, the answer is broken off
 */
export async function sendAnswer(
  exchange: Exchange,
  schema: Schema,
  value: unknown,
  sending: Sending,
): Promise<void> {
  const chunks = writeInChunks(schema, value)
  const first = await nextBatch(chunks, () => sending.gone.aborted, sending, true)
  if (first === undefined) return
  const out = exchange.begin(first.isLast ? first.length : undefined)
  if (out === undefined) return
  if (exchange.isHead) out.end()
  else if (first.isLast) finish(out, first)
  else void pour(out, first, chunks, sending)
}

interface Batch {
  readonly chunks: readonly Uint8Array[]
  readonly length: number
  readonly isLast: boolean
}

/** `undefined`: the caller has disconnected, which is looked at whenever others had their turn. */
async function nextBatch(
  source: Chunks,
  isGone: () => boolean,
  { share, underWay }: Sending,
  isAnswerNew = false,
): Promise<Batch | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  let isFirst = isAnswerNew
  let sliceEnd = performance.now() + SLICE_MS
  // What was waited for is used first: others who need the same then find it made, and do not make it as well.
  let hasWaited = false
  while (length < underWay.batchBytes) {
    if (!hasWaited && performance.now() >= sliceEnd) {
      await share.rest(isFirst)
      isFirst = false
      if (isGone()) return undefined
      sliceEnd = performance.now() + SLICE_MS
    }
    const { value, done } = source.next()
    if (done === true) return { chunks, length, isLast: true }
    if (value instanceof Promise) {
      await value
      if (isGone()) return undefined
      hasWaited = !hasWaited
      continue
    }
    hasWaited = false
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
    chunks.push(bytes)
    length += bytes.length
  }
  return { chunks, length, isLast: false }
}

async function pour(out: Writable, first: Batch, rest: Chunks, sending: Sending): Promise<void> {
  try {
    let batch = first
    while (!batch.isLast) {
      if (!write(out, batch) && !(await isTaken(out, sending.stallMs))) return breakOff(out)
      // A caller as fast as this one must not keep the others from their turn.
      await setImmediate()
      const next = await nextBatch(rest, () => out.destroyed, sending)
      if (next === undefined) return
      batch = next
    }
    finish(out, batch)
  } catch (error) {
    // What is given up because its caller went away is not a failure.
    const isGone = out.destroyed
    breakOff(out)
    if (!isGone) sending.onBroken(error)
  }
}

/** Ends an answer such that it cannot be taken for a whole one: HTTP/2 has a code for that, HTTP/1.1 only the connection. */
function breakOff(out: Writable): void {
  // Without an error, or by close(), Node says first that the answer is over.
  if (out instanceof ServerResponse) out.destroy()
  else out.destroy(new Error('the answer was aborted'))
}

/** Writes a batch. False: the caller has not taken it yet. */
function write(out: Writable, { chunks }: Batch): boolean {
  // In one go, except on HTTP/1.1: a response that was corked does not tell when it has drained.
  const isCorked = !(out instanceof ServerResponse)
  if (isCorked) out.cork()
  let isTaken = true
  for (const chunk of chunks) isTaken = out.write(chunk)
  if (isCorked) out.uncork()
  return isTaken
}

function finish(out: Writable, batch: Batch): void {
  const [only] = batch.chunks
  if (batch.chunks.length === 1) return void out.end(only)
  write(out, batch)
  out.end()
}

/** Waits until the caller has taken what was written; false: they are gone, or took too long. */
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
