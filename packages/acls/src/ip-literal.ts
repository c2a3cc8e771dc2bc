const DECIMAL_OCTET = /^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/
const HEX_GROUP = /^[0-9a-f]{1,4}$/i

/**
 * Tells whether a host (without port) is an IP address: `1.2.3.4`, or an IPv6 address with or without its brackets.
 *
 * @see https://spec.matrix.org/v1.16/appendices/#server-name
 */
export function isIpLiteral(host: string): boolean {
  if (host.startsWith('[') && host.endsWith(']')) return isIpv6(host.slice(1, -1))
  return isIpv4(host) || isIpv6(host)
}

function isIpv4(text: string): boolean {
  const octets = text.split('.', 5)
  return octets.length === 4 && octets.every((octet) => DECIMAL_OCTET.test(octet))
}

/** RFC 4291, 2.2: eight groups, of which one run may be left out for `::`, and the last two may be written as IPv4. */
function isIpv6(text: string): boolean {
  if (text.length > 45) return false
  const [head = '', tail, more] = text.split('::', 3)
  if (more !== undefined) return false
  const before = groupsIn(head, tail === undefined)
  const after = tail === undefined ? 0 : groupsIn(tail, true)
  if (before === undefined || after === undefined) return false
  return tail === undefined ? before === 8 : before + after < 8
}

/** How many groups of 16 bits a run of them stands for; `undefined` when it is none. */
function groupsIn(run: string, mayEndInIpv4: boolean): number | undefined {
  if (run === '') return 0
  const groups = run.split(':')
  const last = groups.at(-1) ?? ''
  const endsInIpv4 = mayEndInIpv4 && isIpv4(last)
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups
  if (!hex.every((group) => HEX_GROUP.test(group))) return undefined
  return hex.length + (endsInIpv4 ? 2 : 0)
}
