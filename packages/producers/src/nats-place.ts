/** Addresses of NATS servers as they may be shown: without users, passwords and tokens. */
export function natsPlace(servers: readonly string[]): string {
  return servers.map((address) => address.replace(/^([a-z+]+:\/\/)?.*@/i, '$1')).join(', ')
}
