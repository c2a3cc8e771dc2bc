import type { Storage } from '@roomserver/storage'
import { type EventId, type EventNid, NO_NID, type SnapshotNid } from '@roomserver/types'

/** Reads whole states from a store, each as the sorted IDs of its events. */
export async function storedStates(
  storage: Storage,
  nids: readonly SnapshotNid[],
): Promise<ReadonlyMap<SnapshotNid, readonly EventId[]>> {
  const wanted = [...new Set(nids)].filter((nid) => nid !== NO_NID)
  const snapshots = await storage.snapshots(wanted)
  const blockNids = [...new Set(snapshots.flatMap(({ blocks }) => blocks))]
  const blocks = new Map((await storage.blocks(blockNids)).map((block) => [block.nid, block.entries]))
  const states = snapshots.map(({ nid, blocks: layers }) => {
    const state = new Map<string, EventNid>()
    for (const layer of layers) overlay(state, blocks.get(layer))
    return { nid, events: [...state.values()].filter((event) => event !== NO_NID) }
  })
  const events = await storage.eventsByNid([...new Set(states.flatMap((state) => state.events))])
  const ids = new Map(events.map((event) => [event.nid, event.eventId]))
  const idOf = (nid: EventNid): EventId => ids.get(nid) ?? `unknown event ${nid}`
  return new Map(states.map(({ nid, events: list }) => [nid, list.map(idOf).toSorted()]))
}

function overlay(state: Map<string, EventNid>, entries: Float64Array = new Float64Array()): void {
  for (let at = 0; at < entries.length; at += 3) {
    state.set(`${entries[at]} ${entries[at + 1]}`, (entries[at + 2] ?? NO_NID) as EventNid)
  }
}
