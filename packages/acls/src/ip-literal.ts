import { isIpv4, isIpv6 } from '@roomserver/types'

/**
 * Tells whether a host (without port) is meant as an IP address: four decimal numbers, an IPv6 address, or whatever
 * stands in brackets, since nothing but an address may. A server that writes its address wrongly does not get past an
 * ACL that shuts addresses out.
 *
 * @see https://spec.matrix.org/v1.19/appendices/#server-name
 */
export function isIpLiteral(host: string): boolean {
  return host.startsWith('[') || isIpv4(host) || isIpv6(host)
}
