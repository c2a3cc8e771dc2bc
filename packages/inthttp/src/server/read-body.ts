import type { Readable } from 'node:stream'

/** What became of reading a body. `gone`: the caller hung up. */
export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
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
 * Reads a body as a whole. Stops at the first bound it meets and leaves the rest unread. What it took of the budget
 * stays taken, for the caller to give back, when the body is whole; else it is given back.
 */
export async function readBody(stream: Readable, rules: BodyRules): Promise<Body> {
  const { promise, resolve } = Promise.withResolvers<Body['kind']>()
  const chunks: Buffer[] = []
  let length = 0
  const onData = (chunk: Buffer) => {
    if (length + chunk.length > rules.maxBytes) return resolve('too-long')
    if (!rules.budget.take(chunk.length)) return resolve('overloaded')
    length += chunk.length
    chunks.push(chunk)
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
  const kind = await promise
  clearTimeout(timer)
  stream.off('data', onData).off('end', onEnd).off('close', onGone).off('aborted', onGone)
  if (kind === 'whole')
    return { kind, bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks) }
  rules.budget.give(length)
  return { kind }
}
