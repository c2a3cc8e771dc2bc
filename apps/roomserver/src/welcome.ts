import { parseConnectionString } from '@roomserver/storage'
import { INSPECTOR_PATH } from './compose/inspector-page.ts'
import type { Config } from './config/config.ts'

/** What a person sees when the server is up: where it listens, where data lies, what to try. */
export function welcome(config: Config, url: string): string {
  const bearer = config.settings.token === undefined ? '' : ` -H "Authorization: Bearer $ROOMSERVER_TOKEN"`
  const call = (operation: string, body: string) =>
    `curl -s${bearer} ${url}/api/roomserver/${operation} -d '${body}'`
  const { enabled, page } = config.settings.inspection
  const inspector = enabled && page ? `  Look inside rooms: ${url}${INSPECTOR_PATH}\n` : ''
  return `
  Roomserver is up.

    listens   ${url}
    server    ${config.serverName}, signing with ${config.signingKey.keyId}
    data      ${dataPlace(config)}
    outputs   ${config.output.kind === 'jetstream' ? `JetStream at ${config.output.servers.map(withoutPassword).join(', ')}` : 'a log in the same database'}

  Try, in another terminal:

    ${call('queryRoomVersionCapabilities', '{}')}
    ${call('queryPublishedRooms', '{}')}
    curl -s ${url}/readyz

${inspector}  The API: ${url}/docs · ${config.metrics.enabled ? `metrics: ${url}/metrics` : 'metrics: off (global.metrics.enabled)'} · stop with Ctrl-C.
`
}

function dataPlace({ database }: Config): string {
  if (database.kind === 'sqlite') return database.file
  return `PostgreSQL at ${parseConnectionString(database.url)?.name ?? 'an address that cannot be shown'}`
}

/** An address as it may be shown: without user, password and token, and without what follows a question mark. */
function withoutPassword(address: string): string {
  if (!URL.canParse(address)) return 'an address that cannot be shown'
  const url = new URL(address)
  if (url.password !== '') url.password = '***'
  else if (url.protocol === 'nats:' || url.protocol === 'tls:') url.username = ''
  url.search = ''
  return url.href
}
