import type { AppserviceApi, CallContext } from '@roomserver/api'
import type { Suspendable, RoomId, RoomRecord, ServerName } from '@roomserver/types'
import { NO_NID } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { Store } from '../ports.ts'
import { runOnView, yieldToEventLoop } from '../view/run.ts'
import type { Need } from '../view/record-kinds.ts'
import type { RecordCache } from '../view/record-cache.ts'
import type { View } from '../view/view.ts'

/** Which room versions are announced: those of Dendrite in 2022, or all that the specification has today. */
export type Compatibility = 'dendrite-2022' | 'current'

/** What questions are answered from. */
export interface QueryContext {
  readonly store: Store
  readonly cache: RecordCache
  readonly serverName: ServerName
  readonly compatibility: Compatibility
  /** Room versions of the program's own, which are announced beside the others. */
  readonly roomVersions?: readonly RoomVersionRules[] | undefined
  /** Asked for aliases that nobody here knows; `undefined`: no such component. */
  readonly appservice: AppserviceApi | undefined
  /** Says that whoever asked has gone away: the question is given up where it would have waited for its turn. */
  readonly gone?: AbortSignal | undefined
}

/** A function that answers a question from a context, as a method of the API. */
export function asMethod<Request, Answer>(
  context: QueryContext,
  query: (context: QueryContext, request: Request) => Promise<Answer>,
): (request: Request, call?: CallContext) => Promise<Answer> {
  return (request, call) => query({ ...context, gone: call?.signal }, request)
}

/** Gives others their turn. @throws the reason of the signal when whoever asked has gone away */
export async function letOthers({ gone }: Pick<QueryContext, 'gone'>): Promise<void> {
  await yieldToEventLoop()
  gone?.throwIfAborted()
}

/** Runs a computation over the records, loading what it lacks. */
export function readRoom<Result>(
  { cache, gone }: Pick<QueryContext, 'cache' | 'gone'>,
  compute: (view: View) => Suspendable<Need, Result>,
): Promise<Result> {
  return runOnView(cache, compute, gone)
}

/**
 * A room whose state we have. Rooms that we only know from an invite are left out: they are stubs, and most
 * operations treat them as unknown.
 */
export async function roomWithState(
  { store }: Pick<QueryContext, 'store'>,
  roomId: RoomId,
): Promise<RoomRecord | undefined> {
  const room = await store.room(roomId)
  return room === undefined || isStub(room) ? undefined : room
}

/** Whether all we know of a room is an invite into it. */
export function isStub(room: RoomRecord): boolean {
  return room.current === NO_NID
}
