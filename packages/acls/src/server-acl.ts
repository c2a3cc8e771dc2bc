import { invalidArgument, isJsonObject, isPlainObject, type ServerName } from '@roomserver/types'
import { compileGlob } from './glob.ts'
import { isIpLiteral } from './ip-literal.ts'

/** Outcome of an ACL check, naming the clause that decided it, so that logs and the inspector can say why. */
export type AclVerdict =
  | { readonly allowed: true; readonly by: 'allow'; readonly glob: string }
  | { readonly allowed: false; readonly by: 'deny'; readonly glob: string }
  | { readonly allowed: false; readonly by: 'ip-literal' | 'default' }

/**
 * A compiled `m.room.server_acl`. Pure, so one instance may be cached per room.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT for what is not a server name, such as a user ID or a URL: no pattern is meant
 *   for it, and `*` would allow it
 */
export type ServerAcl = (server: ServerName) => AclVerdict

/** The content of an `m.room.server_acl` event as it comes: any of it may be of another type. */
export interface AclContent {
  readonly allow?: unknown
  readonly deny?: unknown
  readonly allow_ip_literals?: unknown
}

/**
 * Compiles the content of an `m.room.server_acl` event.
 *
 * The content comes from another server: a field of the wrong shape takes the specification's default (`allow` and `deny`
 * empty, `allow_ip_literals` true). A check costs at most the length of the name times that of all globs.
 *
 * @param content - the event's `content`, unvalidated
 * @throws {RoomserverError} INVALID_ARGUMENT when it is not an object, or is the event and not its content
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl
 * @example
 * ```ts
 * import { compileServerAcl } from '@roomserver/acls'
 * import { parseServerName } from '@roomserver/types'
 *
 * const acl = compileServerAcl({ allow: ['*'], deny: ['*.evil.org'] })
 * console.log(acl(parseServerName('matrix.evil.org')))
 * ```
 */
export function compileServerAcl(content: AclContent): ServerAcl {
  checkContent(content)
  const allow = globsIn(own(content, 'allow'))
  const deny = globsIn(own(content, 'deny'))
  const ipLiteralsAllowed = own(content, 'allow_ip_literals') !== false

  return (server) => {
    checkServer(server)
    const host = withoutPort(server).toLowerCase()
    if (!ipLiteralsAllowed && isIpLiteral(host)) return { allowed: false, by: 'ip-literal' }
    const denied = deny.find(({ matches }) => matches(host))
    if (denied !== undefined) return { allowed: false, by: 'deny', glob: denied.glob }
    const allowed = allow.find(({ matches }) => matches(host))
    if (allowed !== undefined) return { allowed: true, by: 'allow', glob: allowed.glob }
    return { allowed: false, by: 'default' }
  }
}

/** @throws {RoomserverError} INVALID_ARGUMENT */
function checkContent(content: unknown): void {
  if (!isPlainObject(content)) throw invalidArgument('content', 'the content of an m.room.server_acl event')
  // The event itself has no lists, which would keep everybody out.
  const { type } = content
  const isEvent = isJsonObject(content['content']) && typeof type === 'string'
  if (isEvent && content['allow'] === undefined)
    throw invalidArgument('content', `the content of an m.room.server_acl event, not an event of ${type}`)
}

/** A host and a port: brackets may hold what is not an address, which shuts them out where addresses are. */
const SERVER = /^(?:\[[^[\]/@\s]*\]|[^[\]/@\s:]+)(?::\d*)?$/

/**
 * Checks that an argument may be meant as a server name. A user ID or a URL is not.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export function checkServer(server: string): void {
  if (typeof server !== 'string' || server.length > MAX_NAME_LENGTH || !SERVER.test(server))
    throw invalidArgument('server', 'a server name such as example.org')
}

const MAX_NAME_LENGTH = 255

function own(content: AclContent, name: keyof AclContent): unknown {
  return Object.hasOwn(content, name) ? content[name] : undefined
}

interface Glob {
  readonly glob: string
  readonly matches: (host: string) => boolean
}

/** `[::1]:8448` → `[::1]`, `example.org:8448` → `example.org`; ACLs never look at the port. */
function withoutPort(server: ServerName): string {
  const colon = server.indexOf(':', server.lastIndexOf(']') + 1)
  return colon < 0 ? server : server.slice(0, colon)
}

function globsIn(value: unknown): readonly Glob[] {
  if (!Array.isArray(value)) return []
  return value
    .filter((glob) => typeof glob === 'string')
    .map((glob) => ({ glob, matches: compileGlob(glob) }))
}
