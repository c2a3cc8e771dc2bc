import type { InspectionApi } from '@roomserver/api'
import { createRoomInspection, RecordCache } from '@roomserver/core'
import { refuseForeignStore } from '@roomserver/engine'
import { type EventFile, openEvents, readEventStream } from '@roomserver/inspect'
import { openStorage } from '@roomserver/storage'
import { systemClock } from '@roomserver/types'
import { existingConfigOf } from '../commands/server-config.ts'
import { patientStorageOptions } from '../compose/storage-options.ts'
import { createLog } from '../log.ts'
import { readUnpacked } from '../read-unpacked.ts'
import type { InspectionOptions } from './inspection-options.ts'

/** Where questions are put. Dispose of it to close what was opened. */
export interface OpenedInspection extends AsyncDisposable {
  readonly api: InspectionApi
  /** What could not be read of files, in sentences. */
  readonly faults: readonly string[]
}

const CACHE_BYTES = 64 * 1024 * 1024

/** Looks at events in files, as exported by any homeserver. */
export async function inspectFiles(paths: readonly string[]): Promise<OpenedInspection> {
  const files: EventFile[] = []
  for (const path of paths) files.push(await readEventStream(() => readUnpacked(path)))
  const [first] = files
  const all: EventFile = {
    events: files.flatMap(({ events }) => events),
    roomVersion: first?.roomVersion,
    isState: files.every(({ isState }) => isState),
    faults: files.flatMap(({ faults }, at) => faults.map((fault) => `${paths[at] ?? ''}: ${fault}`)),
  }
  const { faults, inspection } = await openEvents(all)
  return { api: inspection, faults, [Symbol.asyncDispose]: async () => undefined }
}

/** Looks at a store, which a server may be using. @throws as `openInspection` */
export async function inspectStore(options: InspectionOptions): Promise<OpenedInspection> {
  const { database, output, serverName } = await existingConfigOf(options)
  const log = createLog('warn', process.stderr)
  const storage = await openStorage({ ...patientStorageOptions(database), migrate: false }, { logger: log })
  try {
    refuseForeignStore(await storage.serverName(), serverName)
  } catch (error) {
    await storage[Symbol.asyncDispose]()
    throw error
  }
  const cache = new RecordCache(storage, CACHE_BYTES)
  const api = createRoomInspection({
    store: storage,
    cache,
    clock: systemClock,
    serverName,
    deliversOutputs: output.kind === 'jetstream',
  })
  return { api, faults: [], [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() }
}
