import { randomUUID } from 'node:crypto'
import type { RoomserverApi } from '@roomserver/api'
import { createInput, createRoomserver, RecordCache, renderOutput } from '@roomserver/core'
import type { SigningKey } from '@roomserver/events'
import { createRoomserverClient, serveRoomserver } from '@roomserver/inthttp'
import { connectRehearsalBus, startOutboxRelay } from '@roomserver/producers'
import { openRehearsalStore, type Storage } from '@roomserver/storage'
import { silentLogger, systemClock } from '@roomserver/types'
import { storageOptions } from '../compose/storage-options.ts'
import type { Config } from '../config/config.ts'

/** A room server that is good for nothing but practice, and how to talk to it. */
export interface Rehearsal extends AsyncDisposable {
  readonly rooms: RoomserverApi
}

/** The practice rooms of a second take little. */
const CACHE_BYTES = 16 * 1024 * 1024

/**
 * Puts the parts of a room server together as the configuration says, except that nothing of theirs stays: the store is
 * one to rehearse with, outputs go to the message server and come back, and only this process finds the door.
 *
 * @param key - what the rooms' server is called and signs with
 * @throws {RoomserverError} STORE_UNAVAILABLE
 */
export async function openRehearsal(config: Config, key: SigningKey): Promise<Rehearsal> {
  await using parts = new AsyncDisposableStack()
  const store = parts.use(await openRehearsalStore(storageOptions(config.database)))
  const outputs = relayOf(store, config)
  if (outputs !== undefined) parts.use(outputs)
  const cache = new RecordCache(store, CACHE_BYTES)
  const { serverName } = config
  const shared = { store, cache, clock: systemClock, log: silentLogger, serverName }
  const input = createInput({ ...shared, onOutputs: () => outputs?.wake() })
  parts.defer(() => input.close())
  const rooms = createRoomserver({ ...shared, input, signingKey: key })
  const token = randomUUID()
  const listen = { host: '127.0.0.1', port: 0 }
  const server = parts.use(await serveRoomserver(rooms, { listen, token }))
  const client = parts.use(createRoomserverClient(server.address, { token }))
  const owned = parts.move()
  return { rooms: client, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function relayOf(source: Storage, { output, settings }: Config) {
  if (output.kind === 'embedded') return undefined
  const deps = { source, render: renderOutput, clock: systemClock, log: silentLogger }
  return startOutboxRelay(
    { ...deps, connect: () => connectRehearsalBus(output) },
    { window: settings.output.window },
  )
}
