/** A server that a connection string names; a `host` that begins with `/` is a folder of sockets. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** A connection string as it is understood; it may name several servers. */
export interface ConnectionPlace {
  readonly servers: readonly ServerAddress[]
  /** Whether the server has to take writes (`target_session_attrs=read-write` or `primary`). */
  readonly needsPrimary: boolean
  /** What is passed on with a new session (`options`), such as `-c search_path=rooms`. */
  readonly options: string
  /** The same with one of the servers, and without what is understood here. */
  url(server: ServerAddress): string
  /** The servers without user and password, for people. */
  readonly name: string
}

const FORM = /^(postgres(?:ql)?:\/\/)(?:([^@/?#]*)@)?([^/?#@]*)(\/[^?#/@]*)?(?:\?([^#@]*))?$/i
const DEFAULT_PORT = 5432
const WANTED = new Map([
  ['any', false],
  ['read-write', true],
  ['primary', true],
])

const SSL_MODES = new Set(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'])

/** Parameters that mean something here or to the driver, and those of libpq and Go's driver that lack nothing where they are not read. */
const PARAMETERS = new Set(
  (
    'host port user password target_session_attrs options ' +
    'ssl sslmode sslcert sslkey sslrootcert sslnegotiation uselibpqcompat ' +
    'application_name fallback_application_name client_encoding connect_timeout ' +
    'statement_timeout lock_timeout idle_in_transaction_session_timeout query_timeout ' +
    'keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout ' +
    'channel_binding gssencmode krbsrvname load_balance_hosts sslcompression sslsni ' +
    'binary_parameters disable_prepared_binary_result'
  ).split(' '),
)

const ALIASES_OF_FULL = new Set(['prefer', 'require', 'verify-ca'])

/** What is expected where a connection string cannot be understood. */
export const CONNECTION_STRING_FORM =
  'postgresql://user:password@host:port/database, with /, #, ?, @ and % in user and password written as %2F, %23, %3F, %40 and %25; several servers as host1:port,host2:port, with target_session_attrs=read-write'

/**
 * Reads a connection string. One that names several servers (`host1:5432,host2:5432`, or `host=` and `port=` with lists)
 * means the first of them that can be used.
 *
 * @returns undefined where it would be read otherwise than it was meant
 */
export function parseConnectionString(text: string): ConnectionPlace | undefined {
  const match = FORM.exec(text)
  if (match === null || /%(?![0-9a-f]{2})/i.test(text)) return undefined
  const [, scheme = '', login, authority = '', path = '', query = ''] = match
  const parameters = new URLSearchParams(query)
  if (parameterFault(parameters) !== undefined) return undefined
  const target = parameters.get('target_session_attrs') ?? 'any'
  const needsPrimary = WANTED.get(target)
  const servers = serversOf(authority, parameters)
  if (needsPrimary === undefined || servers === undefined) return undefined
  const options = parameters.get('options') ?? ''
  // The driver takes these for `verify-full` and warns of it at every start; so does this, without the warning.
  if (ALIASES_OF_FULL.has(parameters.get('sslmode') ?? '') && !parameters.has('uselibpqcompat'))
    parameters.set('sslmode', 'verify-full')
  for (const name of ['host', 'port', 'target_session_attrs', 'options']) parameters.delete(name)
  const place = {
    servers,
    needsPrimary,
    options,
    name: servers.map(nameOf).join(','),
    url: (server: ServerAddress) => {
      const own = new URLSearchParams(parameters)
      const isSocket = server.host.startsWith('/')
      if (isSocket) own.set('host', server.host)
      const rest = own.size === 0 ? '' : `?${own.toString()}`
      const at = isSocket ? `localhost:${server.port}` : nameOf(server)
      return `${scheme}${login === undefined ? '' : `${login}@`}${at}${path}${rest}`
    },
  }
  return URL.canParse(place.url(servers[0] ?? { host: '', port: 0 })) ? place : undefined
}

/**
 * Says what is expected in place of a connection string that cannot be understood.
 *
 * @returns undefined for one that can be
 */
export function connectionStringFault(text: string): string | undefined {
  if (parseConnectionString(text) !== undefined) return undefined
  const query = FORM.exec(text)?.[5]
  return parameterFault(new URLSearchParams(query)) ?? CONNECTION_STRING_FORM
}

/** The driver passes over a parameter that it does not know: without a word, `sslmodee=require` would be no TLS. */
function parameterFault(parameters: URLSearchParams): string | undefined {
  const names = [...parameters.keys()]
  const unknown = names.find((name) => !PARAMETERS.has(name))
  if (unknown !== undefined)
    return `no parameter ${JSON.stringify(unknown)} in the connection string; settings of a session go into options, as -c%20NAME%3DVALUE`
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return `the parameter ${twice} once in the connection string`
  const mode = parameters.get('sslmode')
  return mode === null || SSL_MODES.has(mode) ? undefined : `sslmode as one of ${[...SSL_MODES].join(', ')}`
}

function nameOf({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The servers of the authority, or of `host` and `port` in the query, which go before. */
function serversOf(authority: string, parameters: URLSearchParams): readonly ServerAddress[] | undefined {
  const hosts = parameters.get('host')
  const ports = parameters.get('port')?.split(',')
  const named = (hosts ?? authority).split(',').map(addressOf)
  const servers = named.map((server, index) => {
    if (server === undefined || ports === undefined) return server
    const port = portOf(ports.length === 1 ? ports[0] : ports[index])
    return port === undefined ? undefined : { ...server, port }
  })
  return servers.every((server) => server !== undefined) ? servers : undefined
}

function addressOf(text: string): ServerAddress | undefined {
  const socket = decodeURIComponent(text)
  if (socket.startsWith('/')) return { host: socket, port: DEFAULT_PORT }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d+))?$/.exec(text)
  const port = portOf(match?.[3])
  if (match === null || port === undefined) return undefined
  const host = match[1] ?? match[2] ?? ''
  return { host: host === '' ? 'localhost' : host, port }
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return DEFAULT_PORT
  const port = Number(text)
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined
}
