import { RoomserverError } from '@roomserver/types'

/** Where a NATS server is, and who connects there. */
export interface NatsAddress {
  readonly host: string
  readonly port: number
  /** Whether it has to offer TLS. */
  readonly isTls: boolean
  readonly credentials?: NatsCredentials
}

/** As the client takes them. */
export type NatsCredentials = { readonly user: string; readonly pass: string } | { readonly token: string }

const DEFAULT_PORT = 4222

const FORM =
  /^(?:(nats|tls):\/\/|(?![a-z+.-]+:\/\/))(?:(.*)@)?(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]*)(?::(\d{1,5}))?\/?$/i

/**
 * Reads addresses as the Go client does: `nats://user:password@host:port` or `tls://…`, of which all but the host may be left out,
 * a token in place of user and password, and several in one text with commas between them.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT for anything else
 */
export function parseNatsAddresses(texts: readonly string[]): readonly NatsAddress[] {
  return texts.flatMap((text) => text.split(',').map((one) => parseOne(one.trim())))
}

/** `host:port`, as it is written. */
export function hostAndPort({ host, port }: NatsAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function parseOne(text: string): NatsAddress {
  const match = FORM.exec(text)
  const port = Number(match?.[4] ?? DEFAULT_PORT)
  const [, scheme = '', login, host = ''] = match ?? []
  const credentials = login === undefined ? undefined : credentialsOf(login)
  const isLacking = host === '' && match?.[4] === undefined
  if (match === null || isLacking || port < 1 || port > 65_535 || credentials === null) throw malformed()
  return {
    host: host === '' ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''),
    port,
    isTls: scheme.toLowerCase() === 'tls',
    ...(credentials !== undefined && { credentials }),
  }
}

/** @returns null where an escape is none */
function credentialsOf(login: string): NatsCredentials | null {
  const colon = login.indexOf(':')
  try {
    if (colon < 0) return { token: decodeURIComponent(login) }
    return {
      user: decodeURIComponent(login.slice(0, colon)),
      pass: decodeURIComponent(login.slice(colon + 1)),
    }
  } catch {
    return null
  }
}

/** Repeats nothing of the address, which may have a password in it. */
function malformed(): RoomserverError {
  const expected =
    'addresses such as nats://host:4222 or tls://user:password@host:4222, with % in user and password written as %25'
  return new RoomserverError(
    'INVALID_ARGUMENT',
    { argument: 'outputs', expected },
    `outputs: expected ${expected}`,
  )
}
