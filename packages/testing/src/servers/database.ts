import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

/** A database of its own on a server that others use as well. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
}

/**
 * Creates an empty database, or a copy of another one; it is dropped when it is disposed of.
 *
 * @param serverUrl - the URL of any database of the server, such as `inject('postgresUrl')`
 * @param template - the name of the database to copy, which nobody may be connected to
 */
export async function createDatabase(serverUrl: string, template = 'template0'): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(serverUrl, `create database ${name} template ${template}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => execute(serverUrl, `drop database if exists ${name} with (force)`),
  }
}

const TIMEOUT_MS = 30_000

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
