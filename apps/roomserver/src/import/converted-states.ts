import type { SnapshotRecord, StateEntry } from '@roomserver/types'
import type { DendriteSource } from './dendrite-source.ts'
import type { ImportedStates } from './states.ts'

/** The entry of a room's state that an event of the source stands for. */
export type EntryOf = (dendriteNid: number) => StateEntry | undefined

/** Blocks of the source that are kept at hand, by number. */
const BLOCKS_AT_HAND = 2000

/**
 * Turns the states of a room of the source into ours. Most states differ from the one before by an event or two, and
 * then only the blocks that the two do not share are looked at.
 */
export class ConvertedStates {
  readonly #source: DendriteSource
  readonly #states: ImportedStates
  readonly #entryOf: EntryOf
  readonly #snapshots: ReadonlyMap<number, readonly number[]>
  readonly #converted = new Map<number, SnapshotRecord>()
  readonly #blocks = new Map<number, ReadonlyMap<string, StateEntry>>()
  #last: { readonly blocks: readonly number[]; readonly state: SnapshotRecord | undefined } = {
    blocks: [],
    state: undefined,
  }

  constructor(
    source: DendriteSource,
    states: ImportedStates,
    snapshots: ReadonlyMap<number, readonly number[]>,
    entryOf: EntryOf,
  ) {
    this.#source = source
    this.#states = states
    this.#snapshots = snapshots
    this.#entryOf = entryOf
  }

  /** Our form of a snapshot of the source; `undefined` where it has none of that number. */
  async convert(dendriteSnapshot: number): Promise<SnapshotRecord | undefined> {
    const done = this.#converted.get(dendriteSnapshot)
    if (done !== undefined) return done
    const blocks = this.#snapshots.get(dendriteSnapshot)
    if (blocks === undefined) return undefined
    const state = await this.#states.change(this.#last.state, await this.#changes(this.#last.blocks, blocks))
    this.#converted.set(dendriteSnapshot, state)
    this.#last = { blocks, state }
    return state
  }

  /** The entries of a snapshot of the source, by type and state key. */
  async entriesOf(dendriteSnapshot: number): Promise<ReadonlyMap<string, StateEntry>> {
    const layers = await this.#load(this.#snapshots.get(dendriteSnapshot) ?? [])
    return new Map(layers.flatMap((layer) => [...layer]))
  }

  async #changes(from: readonly number[], to: readonly number[]): Promise<readonly StateEntry[]> {
    const before = await this.#load(from)
    const after = await this.#load(to)
    const shared = sharedPrefix(from, to)
    const touched = new Map([...before.slice(shared), ...after.slice(shared)].flatMap((layer) => [...layer]))
    return [...touched].map(
      ([key, { type, stateKey }]) =>
        topmost(after, key) ?? { type, stateKey, event: 0 as StateEntry['event'] },
    )
  }

  async #load(nids: readonly number[]): Promise<readonly ReadonlyMap<string, StateEntry>[]> {
    const missing = nids.filter((nid) => !this.#blocks.has(nid))
    if (this.#blocks.size + missing.length > BLOCKS_AT_HAND) this.#blocks.clear()
    const wanted = nids.filter((nid) => !this.#blocks.has(nid))
    for (const [nid, events] of await this.#source.blocks(wanted)) {
      const entries = events.map((event) => this.#entryOf(event)).filter((entry) => entry !== undefined)
      this.#blocks.set(nid, new Map(entries.map((entry) => [`${entry.type} ${entry.stateKey}`, entry])))
    }
    return nids.map((nid) => this.#blocks.get(nid) ?? new Map())
  }
}

/** In the source a later block overrides an earlier one. */
function topmost(layers: readonly ReadonlyMap<string, StateEntry>[], key: string): StateEntry | undefined {
  return layers.findLast((layer) => layer.has(key))?.get(key)
}

function sharedPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}
