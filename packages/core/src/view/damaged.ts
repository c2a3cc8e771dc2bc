import { RoomserverError } from '@roomserver/types'

/** Fails a computation whose store contradicts itself. */
export function damaged(what: string): never {
  throw new RoomserverError('STORE_DAMAGED', { what, repair: 'roomserver check --repair' }, what)
}
