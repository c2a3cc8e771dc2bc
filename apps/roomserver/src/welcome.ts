import type { Config } from './config/config.ts'

/** What a person sees when the server is up: where it listens, where data lies, what to try. */
export function welcome(config: Config, url: string): string {
  const bearer = config.settings.token === undefined ? '' : ` -H "Authorization: Bearer $ROOMSERVER_TOKEN"`
  const call = (operation: string, body: string) =>
    `curl -s${bearer} ${url}/api/roomserver/${operation} -d '${body}'`
  return `
  Roomserver is up.

    listens   ${url}
    server    ${config.serverName}, signing with ${config.signingKey.keyId}
    data      ${dataPlace(config)}
    outputs   ${config.output.kind === 'jetstream' ? `JetStream at ${config.output.servers.join(', ')}` : 'a log in the same database'}

  Try, in another terminal:

    ${call('queryRoomVersionCapabilities', '{}')}
    ${call('queryPublishedRooms', '{}')}
    curl -s ${url}/readyz

  The API: ${url}/docs · metrics: ${url}/metrics · stop with Ctrl-C.
`
}

function dataPlace({ database }: Config): string {
  if (database.kind === 'sqlite') return database.file
  const url = new URL(database.url)
  url.password = ''
  return url.href
}
