/**
 * Whether only this machine reaches a host.
 *
 * @param host - as one listens on it, or as it stands in a URL
 */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.')
}
