import { type Suspendable, NO_NID, type RoomRecord } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { PerformContext } from './context.ts'

/** What a command takes while it waits for its room, in bytes; they are all small. */
const COMMAND_BYTES = 512

/**
 * Changes a room by something that is not an event of its graph (a peek, an invite from outside), in the room's queue
 * and in one commit.
 *
 * @param name - of the step, for whoever watches
 */
export function command<Result>(
  { input }: PerformContext,
  { roomId, version }: Pick<RoomRecord, 'roomId' | 'version'>,
  name: string,
  decide: (draft: Draft) => Suspendable<DecideNeed, Result>,
): Promise<Result> {
  return input.runTask({ roomId, version, bytes: COMMAND_BYTES, name, decide })
}

/** Announces something about a room that carries no event. */
export function announce(
  context: PerformContext,
  room: RoomRecord,
  kind: 'new_peek' | 'retire_peek' | 'new_inbound_peek',
  body: object,
): Promise<void> {
  // oxlint-disable-next-line require-yield -- there is nothing to ask for
  return command(context, room, kind, function* (draft) {
    draft.addOutput(kind, NO_NID, body)
  })
}
