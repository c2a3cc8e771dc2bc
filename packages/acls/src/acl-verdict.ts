import { invalidArgument, type ServerName } from '@roomserver/types'
import { type AclContent, type AclVerdict, checkServer, compileServerAcl } from './server-acl.ts'

/**
 * What a server ACL says about one server. `compileServerAcl` is faster where many servers are looked at.
 *
 * @param content - the content of the `m.room.server_acl` event, unvalidated; `undefined`: the room has none, which allows
 *   all servers
 * @throws {RoomserverError} INVALID_ARGUMENT when `server` is not a server name
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl
 * @example
 * ```ts
 * import { aclVerdict } from '@roomserver/acls'
 *
 * console.log(aclVerdict({ allow: ['*'], deny: ['*.evil.org'] }, 'matrix.evil.org').allowed) // false
 * ```
 */
export function aclVerdict(content: AclContent | undefined, server: string): AclVerdict {
  checkServer(server)
  if (content === undefined) return { allowed: true, by: 'allow', glob: '*' }
  return compileServerAcl(content)(server as ServerName)
}

/**
 * Whether a server ACL would keep a server out: what to ask about one's own server before an ACL is sent, because nobody who
 * is kept out can take it back.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when `server` is not a server name
 * @example
 * ```ts
 * import { wouldBan } from '@roomserver/acls'
 *
 * console.log(wouldBan({ allow: ['*.example.org'] }, 'example.org')) // true: the glob covers its subdomains only
 * ```
 */
export function wouldBan(content: AclContent, server: string): boolean {
  if (content === undefined) throw invalidArgument('content', 'the content of an m.room.server_acl event')
  return !aclVerdict(content, server).allowed
}
