import type { BlockNid, EventId, EventNid, SnapshotNid, SnapshotRecord } from '@roomserver/types'
import {
  type ResolutionNeed,
  resolveSnapshots,
  type SnapshotReader,
  type SnapshotResolution,
  type SnapshotResolveOptions,
} from '../src/index.ts'
import type { TestStore } from './store.ts'

/** A reader that has nothing at hand at first and only what was asked for later; it counts what that was. */
export class ColdReader implements SnapshotReader {
  readonly events = new Set<EventNid>()
  readonly blocks = new Set<BlockNid>()
  /** How often something had to be loaded. */
  questions = 0
  readonly #room: TestStore
  readonly #snapshots = new Set<SnapshotNid>()
  readonly #ids = new Set<EventId>()
  readonly #names = new Set<string>()
  readonly #texts = new Set<string>()

  constructor(room: TestStore) {
    this.#room = room
  }

  /** Loads what is needed. */
  load(need: ResolutionNeed): void {
    this.questions++
    switch (need.kind) {
      case 'events':
        return addAll(this.events, need.nids)
      case 'events-by-id':
        return addAll(this.#ids, need.ids)
      case 'blocks':
        return addAll(this.blocks, need.nids)
      case 'snapshots':
        return addAll(this.#snapshots, need.nids)
      case 'types':
        return addAll(this.#names, need.names)
      case 'state-keys':
        return addAll(this.#texts, need.texts)
    }
  }

  readonly block: SnapshotReader['block'] = (nid) =>
    this.blocks.has(nid) ? this.#room.block(nid) : undefined
  readonly event: SnapshotReader['event'] = (nid) =>
    this.events.has(nid) ? this.#room.event(nid) : undefined
  readonly eventById: SnapshotReader['eventById'] = (id) => {
    if (!this.#ids.has(id)) return undefined
    const record = this.#room.eventById(id)
    if (record !== null) this.events.add(record.nid)
    return record
  }
  readonly snapshot: SnapshotReader['snapshot'] = (nid) =>
    this.#snapshots.has(nid) ? this.#room.snapshot(nid) : undefined
  readonly authPduOf: SnapshotReader['authPduOf'] = (record) => this.#room.authPduOf(record)
  readonly typeNid: SnapshotReader['typeNid'] = (name) =>
    this.#names.has(name) ? this.#room.typeNid(name) : undefined
  readonly stateKeyNid: SnapshotReader['stateKeyNid'] = (text) =>
    this.#texts.has(text) ? this.#room.stateKeyNid(text) : undefined
}

/** Resolves with a cold reader, and tells what it had to load. */
export function resolveCold(
  room: TestStore,
  snapshots: readonly SnapshotRecord[],
  options: SnapshotResolveOptions,
): { readonly outcome: SnapshotResolution; readonly reader: ColdReader } {
  const reader = new ColdReader(room)
  const resolving = resolveSnapshots(snapshots, reader, options)
  for (;;) {
    const step = resolving.next()
    if (step.done === true) return { outcome: step.value, reader }
    if (step.value !== undefined) reader.load(step.value)
  }
}

function addAll<T>(set: Set<T>, values: readonly T[]): void {
  for (const value of values) set.add(value)
}
