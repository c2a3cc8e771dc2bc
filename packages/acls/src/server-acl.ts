import type { ServerName } from '@roomserver/types'
import { compileGlob } from './glob.ts'
import { isIpLiteral } from './ip-literal.ts'

/** Outcome of an ACL check, naming the clause that decided it, so that logs and the inspector can say why. */
export type AclVerdict =
  | { readonly allowed: true; readonly by: 'allow'; readonly glob: string }
  | { readonly allowed: false; readonly by: 'deny'; readonly glob: string }
  | { readonly allowed: false; readonly by: 'ip-literal' | 'default' }

/** A compiled `m.room.server_acl`. Pure, so one instance may be cached per room. */
export type ServerAcl = (server: ServerName) => AclVerdict

/**
 * Compiles the content of an `m.room.server_acl` event.
 *
 * Never throws: the content comes from another server, and a field of the wrong shape takes the specification's
 * default (`allow` and `deny` empty, `allow_ip_literals` true). A check costs at most the length of the name times
 * that of all globs.
 *
 * @param content - the event's `content`, unvalidated
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl
 */
export function compileServerAcl(content: Readonly<Record<string, unknown>>): ServerAcl {
  const allow = globsIn(content['allow'])
  const deny = globsIn(content['deny'])
  const ipLiteralsAllowed = content['allow_ip_literals'] !== false

  return (server) => {
    const host = withoutPort(server).toLowerCase()
    if (!ipLiteralsAllowed && isIpLiteral(host)) return { allowed: false, by: 'ip-literal' }
    const denied = deny.find(({ matches }) => matches(host))
    if (denied !== undefined) return { allowed: false, by: 'deny', glob: denied.glob }
    const allowed = allow.find(({ matches }) => matches(host))
    if (allowed !== undefined) return { allowed: true, by: 'allow', glob: allowed.glob }
    return { allowed: false, by: 'default' }
  }
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
