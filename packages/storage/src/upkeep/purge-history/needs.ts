import { type BlockNid, type EventNid, type EventRecord, NO_NID, type SnapshotNid } from '@roomserver/types'
import type { Db } from '../../schema.ts'
import type { Tables } from '../../tables/tables.ts'
import { BLOCKS_AT_A_TIME } from '../check-state.ts'
import { chunks } from '../pages.ts'

/** How many rows are read at a time. */
const READ = 500

/** What has to stay of a room: whatever is added, with all that it names, directly or not. */
export class Needs {
  readonly events = new Set<EventNid>()
  readonly states = new Set<SnapshotNid>()
  readonly blocks = new Set<BlockNid>()
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** Events with the states at them. */
  async addPlaced(db: Db, events: readonly Pick<EventRecord, 'nid' | 'before' | 'after'>[]): Promise<void> {
    await this.addStates(
      db,
      events.flatMap(({ before, after }) => [before, after]),
    )
    await this.addEvents(
      db,
      events.map(({ nid }) => nid),
    )
  }

  /** States, and the events in them. */
  async addStates(db: Db, states: readonly SnapshotNid[]): Promise<void> {
    const fresh = [...new Set(states)].filter((nid) => nid !== NO_NID && !this.states.has(nid))
    for (const nid of fresh) this.states.add(nid)
    const blocks: BlockNid[] = []
    for await (const chunk of chunks(fresh, READ))
      for (const snapshot of await this.#tables.snapshots.byNids(db, chunk))
        for (const block of snapshot.blocks)
          if (!this.blocks.has(block)) {
            this.blocks.add(block)
            blocks.push(block)
          }
    for await (const chunk of chunks(blocks, BLOCKS_AT_A_TIME))
      for (const { entries } of await this.#tables.blocks.byNids(db, chunk))
        await this.addEvents(db, eventsIn(entries))
  }

  /** Events, the chains of their auth events, and the redactions that were applied to any of them. */
  async addEvents(db: Db, nids: readonly EventNid[]): Promise<void> {
    let layer = this.#fresh(nids)
    while (layer.length > 0) {
      const next: EventNid[] = []
      for await (const chunk of chunks(layer, READ))
        next.push(...(await this.#tables.purgedHistory.references(db, chunk)))
      layer = this.#fresh(next)
    }
  }

  #fresh(nids: readonly EventNid[]): readonly EventNid[] {
    const fresh = [...new Set(nids)].filter((nid) => nid !== NO_NID && !this.events.has(nid))
    for (const nid of fresh) this.events.add(nid)
    return fresh
  }
}

function eventsIn(entries: Float64Array): readonly EventNid[] {
  const events: EventNid[] = []
  for (let at = 2; at < entries.length; at += 3) {
    const event = entries[at] as EventNid
    if (event !== NO_NID) events.push(event)
  }
  return events
}
