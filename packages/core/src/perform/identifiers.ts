import { serverOf } from '@roomserver/types'
import type { PerformContext } from './context.ts'
import { Refusal } from './refusal.ts'

/** A text in quotes, as error texts show it. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** What is wrong with an ID that should begin with `sigil` and name a server; `undefined`: nothing. */
export function faultOfId(sigil: '@' | '!' | '#', id: string): string | undefined {
  if (!id.startsWith(sigil)) return `invalid ID ${quoted(id)} doesn't start with '${sigil}'`
  return id.includes(':') ? undefined : `invalid ID ${quoted(id)} missing ':'`
}

/**
 * Checks that a user is one of ours.
 *
 * @throws {Refusal} with the code for a bad request
 */
export function ownUser({ serverName }: PerformContext, userId: string): void {
  if (faultOfId('@', userId) !== undefined) {
    throw new Refusal('badRequest', `Supplied user ID ${quoted(userId)} in incorrect format`)
  }
  if (serverOf(userId) !== serverName) {
    throw new Refusal('badRequest', `User ${quoted(userId)} does not belong to this homeserver`)
  }
}

const ROOM_ID_WITHOUT_SERVER = /^![\w-]{43}$/

/**
 * The server that a room ID names; `undefined` for one that is the hash of its create event (room version 12).
 *
 * @throws {Refusal} with the code for a bad request
 */
export function serverOfRoom(roomId: string): string | undefined {
  if (ROOM_ID_WITHOUT_SERVER.test(roomId)) return undefined
  const fault = faultOfId('!', roomId)
  if (fault !== undefined) throw new Refusal('badRequest', `Room ID ${quoted(roomId)} is invalid: ${fault}`)
  return serverOf(roomId)
}
