import { createInspectionClient } from '@roomserver/inthttp'
import type { OpenedInspection } from './offline-inspection.ts'
import type { InspectionOptions } from './inspection-options.ts'

/**
 * Opens what the options name: a running server, files of events, or a store, which a server may be using. Nothing is changed.
 *
 * @throws {RoomserverError} BAD_CONFIGURATION; STORE_UNAVAILABLE when there is no store
 */
export async function openInspection(options: InspectionOptions): Promise<OpenedInspection> {
  if (options.url !== undefined) return fromServer(options.url)
  // What asks a server needs neither the rules nor a database.
  const { inspectFiles, inspectStore } = await import('./offline-inspection.ts')
  return options.file === undefined ? await inspectStore(options) : await inspectFiles(options.file)
}

function fromServer(url: string): OpenedInspection {
  const client = createInspectionClient(url, { token: process.env['ROOMSERVER_TOKEN'] })
  return { api: client, faults: [], [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() }
}
