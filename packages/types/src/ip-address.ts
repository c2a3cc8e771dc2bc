const DECIMAL_OCTET = /^\d{1,3}$/
const HEX_GROUP = /^[0-9a-f]{1,4}$/i
/** Of an IPv6 address in text, at most. */
const MAX_IPV6_LENGTH = 45

/**
 * Tells whether a host is an IPv4 address as the grammar of server names has it: four decimal numbers up to 255, zeros
 * before them or not.
 *
 * @see https://spec.matrix.org/v1.19/appendices/#server-name
 */
export function isIpv4(text: string): boolean {
  const octets = text.split('.', 5)
  return octets.length === 4 && octets.every((octet) => DECIMAL_OCTET.test(octet) && Number(octet) <= 255)
}

/**
 * Tells whether a text without brackets is an IPv6 address (RFC 4291, 2.2): eight groups, of which one run may be left
 * out for `::`, and the last two may be written as IPv4.
 */
export function isIpv6(text: string): boolean {
  if (text.length > MAX_IPV6_LENGTH) return false
  const [head = '', tail, more] = text.split('::', 3)
  if (more !== undefined) return false
  const before = groupsIn(head, tail === undefined)
  const after = tail === undefined ? 0 : groupsIn(tail, true)
  if (before === undefined || after === undefined) return false
  return tail === undefined ? before === 8 : before + after < 8
}

/** How many groups of 16 bits a run of them stands for; `undefined` when it is not one. */
function groupsIn(run: string, mayEndInIpv4: boolean): number | undefined {
  if (run === '') return 0
  const groups = run.split(':')
  const last = groups.at(-1) ?? ''
  const endsInIpv4 = mayEndInIpv4 && isIpv4(last)
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups
  if (!hex.every((group) => HEX_GROUP.test(group))) return undefined
  return hex.length + (endsInIpv4 ? 2 : 0)
}
