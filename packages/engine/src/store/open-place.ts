import { ENGINE_STORE_METHODS, type EngineStore } from '@roomserver/types'
import { observedStore } from '../fault-points.ts'
import { SCRUBBER_METHODS } from '../maintenance/scrubber.ts'
import { openStore, refuseForeignStore, type StoreWatchers } from './open-store.ts'
import type { StorePlace } from './store-place.ts'

/** The store of an engine. Disposing of it closes the store, if the engine opened it. */
export interface OpenedPlace extends AsyncDisposable {
  readonly storage: EngineStore
  /** Whether other processes may use it. */
  readonly isShared: boolean
}

/**
 * Opens the store of an engine, or takes the one that was given, which other processes may use as well.
 *
 * @throws {RoomserverError} as `openStore`
 */
export async function openPlace(
  place: StorePlace,
  serverName: string,
  watchers: StoreWatchers,
): Promise<OpenedPlace> {
  const { atPoint } = watchers
  const observed = (storage: EngineStore) =>
    atPoint === undefined ? storage : observedStore(storage, atPoint)
  if (place.kind === 'given') {
    refuseForeignStore(await place.store.claimServerName(serverName), serverName)
    const storage = observed(plainStore(place.store))
    return { storage, isShared: true, [Symbol.asyncDispose]: async () => undefined }
  }
  const opened = await openStore(place.options, serverName, watchers)
  return {
    storage: observed(opened),
    isShared: place.options.dialect === 'postgres',
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

/**
 * A store as an object that can be copied: parts of the engine replace some methods in a copy, and a store of one's own may
 * be an object of a class, whose methods a copy would lack.
 */
function plainStore(store: EngineStore): EngineStore {
  const bind = (name: string): readonly [string, unknown] => {
    const method: unknown = Reflect.get(store, name)
    return [name, typeof method === 'function' ? method.bind(store) : method]
  }
  const names = [...ENGINE_STORE_METHODS, ...SCRUBBER_METHODS].filter((name) => name in store)
  const { commitsElsewhere } = store
  return Object.assign({ ...store, commitsElsewhere }, Object.fromEntries(names.map(bind)))
}
