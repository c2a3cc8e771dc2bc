import type { Store } from '../ports.ts'
import type { RecordCache } from './record-cache.ts'

/** A store whose reads of rooms tell the cache which revision a room has, so that it lets go of what is out of date. */
export function watchedStore(store: Store, { rooms }: RecordCache): Store {
  return {
    ...store,
    room: async (roomId) => {
      const room = await store.room(roomId)
      if (room !== undefined) rooms.onRead(room)
      return room
    },
    roomsByNid: async (nids) => {
      const found = await store.roomsByNid(nids)
      for (const room of found) rooms.onRead(room)
      return found
    },
  }
}
