import { type RoomId, serverOf } from '@roomserver/types'
import { getRoomIdForAlias } from '../query/directory.ts'
import { invalidArgument, roomNotFound } from '../query/failures.ts'
import { federationFor } from './components.ts'
import type { PerformContext } from './context.ts'
import { faultOfId, quoted } from './identifiers.ts'
import { Refusal } from './refusal.ts'

/** A room and the servers that may know it. */
export interface Target {
  readonly roomId: RoomId
  readonly serverNames: readonly string[]
}

/**
 * Finds the room that a caller means by an ID or an alias; aliases of other servers are asked there.
 *
 * @param serverNames - servers that the caller knows of
 * @throws {Refusal} when it is neither, or nobody knows the alias
 */
export async function targetOf(
  context: PerformContext,
  idOrAlias: string,
  serverNames: readonly string[],
): Promise<Target> {
  if (idOrAlias.startsWith('!')) return { roomId: idOrAlias, serverNames }
  if (idOrAlias.startsWith('#')) return await targetOfAlias(context, idOrAlias, serverNames)
  throw new Refusal('badRequest', `Room ID or alias ${quoted(idOrAlias)} is invalid`)
}

async function targetOfAlias(
  context: PerformContext,
  alias: string,
  serverNames: readonly string[],
): Promise<Target> {
  const server = serverOf(alias)
  if (server === undefined || faultOfId('#', alias) !== undefined) {
    const message = `alias ${quoted(alias)} is not in the correct format`
    const cause = invalidArgument('alias', 'a room alias', message)
    throw new Refusal('unclassified', message, 0, { cause })
  }
  const found =
    server === context.serverName
      ? { ...(await getRoomIdForAlias(context, { alias, include_appservices: true })), server_names: [] }
      : await lookUpElsewhere(context, alias, server)
  if (found.room_id === '') {
    const message = `alias ${quoted(alias)} not found`
    throw new Refusal('unclassified', message, 0, { cause: roomNotFound(alias, message) })
  }
  return { roomId: found.room_id, serverNames: [...serverNames, server, ...found.server_names] }
}

async function lookUpElsewhere(context: PerformContext, alias: string, server: string) {
  const federation = federationFor(context, `looking up the alias ${quoted(alias)}`)
  try {
    return await federation.performDirectoryLookup({ room_alias: alias, server_name: server })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `looking up alias ${quoted(alias)} over federation failed: ${reason}`
    throw new Refusal('unclassified', message)
  }
}
