import { isIntact } from '@roomserver/core'
import { CONTENT_HASHES } from '@roomserver/engine'
import type { CheckContext, Storage } from '@roomserver/storage'
import { serverOf } from '@roomserver/types'

/**
 * What checking a store needs to know. Where the store's own users are of another server than the one that was named, who is
 * one of this server's is not checked.
 */
export async function checkContext(
  storage: Storage,
  serverName: string,
  report: (lines: string) => void,
): Promise<CheckContext> {
  const servers = await storage.localServers()
  const [own] = servers.toSorted((a, b) => b.users - a.users)
  if (own === undefined || own.server === serverName)
    return { ...CONTENT_HASHES, isIntact, isLocal: (user) => serverOf(user) === serverName }
  report(`the store belongs to ${own.server}, not to ${serverName}; skipping the check of local users`)
  return { ...CONTENT_HASHES, isIntact }
}
