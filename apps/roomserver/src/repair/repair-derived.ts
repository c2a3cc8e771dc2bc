import { createInput, mendRoom, Pieces } from '@roomserver/core'
import type { RoomCheck, Storage } from '@roomserver/storage'
import { isFailure, type Logger, serverOf, systemClock } from '@roomserver/types'
import { CONTENT_HASHES } from '../compose/scrubber.ts'
import type { Config } from '../config/config.ts'

const CACHE_BYTES = 64 * 1024 * 1024

/** Makes what is derived from the events of rooms anew, where a check found something. */
export interface DerivedRepair extends AsyncDisposable {
  /** Repairs a room and tells of each thing; in a dry run it only tells. */
  room(check: RoomCheck): AsyncGenerator<string, void, void>
}

/** @param isDryRun - nothing is written */
export function derivedRepair(
  storage: Storage,
  { serverName }: Config,
  log: Logger,
  isDryRun: boolean,
): DerivedRepair {
  const pieces = new Pieces(storage, CACHE_BYTES)
  const input = createInput({ store: storage, pieces, clock: systemClock, log, serverName })
  const parts = { store: storage, eventsOfRoom: storage.eventsOfRoom, input }
  const order = { by: 'roomserver check --repair', isDryRun }
  return {
    room: async function* ({ room, findings }) {
      const isState = findings.some(({ kind }) => kind === 'block' || kind === 'snapshot')
      if (isState && !isDryRun) await storage.mendState(room.nid, CONTENT_HASHES)
      try {
        yield* mendRoom(parts, room, order)
      } catch (error) {
        if (!isFailure(error)) throw error
        yield `cannot be made anew: ${error.message}`
      }
      const isMembership = findings.some(({ kind }) => kind === 'membership')
      if (isMembership && isDryRun) yield 'the table of memberships, from the current state'
      if (!isMembership || isDryRun) return
      const count = await storage.repairMemberships(room.nid, (user) => serverOf(user) === serverName)
      if (count === undefined) yield 'memberships were not repaired, because the room moved on: try again'
      else yield `${count} memberships, from the current state`
    },
    [Symbol.asyncDispose]: () => input.close(),
  }
}
