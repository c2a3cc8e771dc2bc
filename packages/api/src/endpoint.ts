import type { z } from 'zod'
import { BodySize } from './limits.ts'

/** One operation of an internal API: everything that server, client, checks and documents are made from. */
export interface Endpoint<Request = unknown, Response = unknown> {
  /** Below `/api`, such as `/roomserver/queryCurrentState`. */
  readonly path: string
  readonly request: z.ZodType<Request>
  readonly response: z.ZodType<Response>
  /** What it does, in one sentence. */
  readonly summary: string
  /** What callers must know beyond that. */
  readonly description?: string
  /** Whether a client may repeat the request after a failed connection, because repeating it changes nothing more. */
  readonly repeatable: boolean
  /** Longest body of a request, in bytes; a server may have a lower bound for all of them. */
  readonly maxBodyBytes: number
  /**
   * The answer that says that a request asks for what cannot be, where callers look for that in the answer; without it
   * the HTTP status tells them.
   */
  readonly refuse?: (message: string) => Response
  /** How long a client waits for the answer, in milliseconds, where the usual limit is too short. */
  readonly timeoutMs?: number
}

/** What goes with a call beside its request. */
export interface CallContext {
  /** Aborted when the caller has disconnected or has waited long enough. */
  readonly signal?: AbortSignal
  /** The caller has done with the request: lists in it may be emptied, to let go of what was worked on. */
  readonly givesRequest?: boolean
}

/** The interface that a table describes: one asynchronous method per operation. */
export type ApiOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Endpoint<infer Request, infer Response>
    ? (request: Request, context?: CallContext) => Promise<Response>
    : never
}

/** An operation as it is declared: its requests are small unless it says otherwise. */
type Declared<Request, Response> = Omit<Endpoint<Request, Response>, 'repeatable' | 'maxBodyBytes'> & {
  readonly maxBodyBytes?: number
}

/** Declares an operation that only reads, or whose repetition changes nothing more. */
export function repeatable<Request, Response>(
  endpoint: Declared<Request, Response>,
): Endpoint<Request, Response> {
  return { maxBodyBytes: BodySize.small, ...endpoint, repeatable: true }
}

/** Declares an operation that must not be repeated blindly. */
export function once<Request, Response>(endpoint: Declared<Request, Response>): Endpoint<Request, Response> {
  return { maxBodyBytes: BodySize.small, ...endpoint, repeatable: false }
}
