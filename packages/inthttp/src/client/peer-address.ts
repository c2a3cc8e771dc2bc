/** Where a peer listens. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
  readonly socketPath: string | undefined
  /** Of the URL, without a slash at its end. */
  readonly basePath: string
}

/**
 * Reads `http://host:port`, or `unix:/path/of/socket`.
 *
 * @throws {TypeError} for anything else
 */
export function parsePeerAddress(url: string): PeerAddress {
  if (url.startsWith('unix:')) {
    return { host: 'localhost', port: 80, socketPath: url.slice('unix:'.length), basePath: '' }
  }
  if (!URL.canParse(url)) throw new TypeError(`not a URL: ${url}`)
  const { protocol, hostname, port, pathname } = new URL(url)
  if (protocol !== 'http:') throw new TypeError(`not an http URL: ${url}`)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    socketPath: undefined,
    basePath: pathname.replace(/\/+$/, ''),
  }
}
