import type { TestProject } from 'vitest/node'
import { startNats } from './nats.ts'
import { startPostgres } from './postgres.ts'
import type {} from './provided.ts'
import type { TestServer } from './running.ts'

interface Shared {
  users: number
  readonly servers: Promise<readonly [TestServer | undefined, TestServer | undefined]>
}

/** The set-up runs once for every project of a run, each with its own copy of this module; the servers are shared. */
const holder = globalThis as { roomserverTestServers?: Shared | undefined }

const READY = [process.env['TEST_POSTGRES_URL'], process.env['TEST_NATS_URL']] as const

/**
 * Gives tests a real PostgreSQL and a real nats-server: those that `TEST_POSTGRES_URL` and `TEST_NATS_URL` name, or
 * ones that it finds or fetches, starts, and stops when the run ends.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared: Shared = (holder.roomserverTestServers ??= { users: 0, servers: startBoth() })
  shared.users++
  const [postgres, nats] = await shared.servers
  project.provide('postgresUrl', READY[0] ?? postgres?.url ?? '')
  project.provide('natsUrl', READY[1] ?? nats?.url ?? '')
  return async () => {
    if (--shared.users > 0) return
    holder.roomserverTestServers = undefined
    for (const server of await shared.servers) await server?.[Symbol.asyncDispose]()
  }
}

async function startBoth(): Promise<readonly [TestServer | undefined, TestServer | undefined]> {
  return await Promise.all([
    READY[0] === undefined ? startPostgres({ durable: false }) : undefined,
    READY[1] === undefined ? startNats() : undefined,
  ])
}
