import type { Storage } from '@roomserver/storage'
import type { Interned, Nids } from '@roomserver/types'

const RANGE = 1000

/** Strings that were given NIDs and have to be stored with the next commit. */
export interface NewStrings {
  readonly eventTypes: readonly Interned<Nids['eventType']>[]
  readonly stateKeys: readonly Interned<Nids['stateKey']>[]
}

/** NIDs for everything that an import brings: ranges of new ones, and the old ones of strings that are known. */
export class NidSupply {
  readonly #store: Storage
  readonly #ranges = new Map<keyof Nids, { next: number; readonly end: number }>()
  readonly #types = new Map<string, Nids['eventType']>()
  readonly #keys = new Map<string, Nids['stateKey']>()
  #unsaved: { eventTypes: Interned<Nids['eventType']>[]; stateKeys: Interned<Nids['stateKey']>[] } = {
    eventTypes: [],
    stateKeys: [],
  }

  constructor(store: Storage) {
    this.#store = store
  }

  /** Strings whose NIDs are not stored yet; every commit has to bring them until one is through. */
  get unsaved(): NewStrings {
    return this.#unsaved
  }

  /** Tells that the unsaved strings were committed. */
  saved(): void {
    this.#unsaved = { eventTypes: [], stateKeys: [] }
  }

  /** A NID that nobody has. */
  async fresh<K extends keyof Nids>(kind: K): Promise<Nids[K]> {
    let range = this.#ranges.get(kind)
    if (range === undefined || range.next === range.end) {
      const first = await this.#store.allocate(kind, RANGE)
      range = { next: first, end: first + RANGE }
      this.#ranges.set(kind, range)
    }
    return range.next++ as Nids[K]
  }

  /** The NIDs of event types, given now to those that have none. */
  async types(names: readonly string[]): Promise<ReadonlyMap<string, Nids['eventType']>> {
    const unknown = names.filter((name) => !this.#types.has(name))
    for (const { text, nid } of await this.#store.eventTypesByName(unknown)) this.#types.set(text, nid)
    await this.#giveNew('eventType', unknown, this.#types, this.#unsaved.eventTypes)
    return this.#types
  }

  /** The NIDs of state keys, given now to those that have none. */
  async keys(texts: readonly string[]): Promise<ReadonlyMap<string, Nids['stateKey']>> {
    const unknown = texts.filter((text) => !this.#keys.has(text))
    for (const { text, nid } of await this.#store.stateKeysByText(unknown)) this.#keys.set(text, nid)
    await this.#giveNew('stateKey', unknown, this.#keys, this.#unsaved.stateKeys)
    return this.#keys
  }

  async #giveNew<K extends 'eventType' | 'stateKey'>(
    kind: K,
    texts: readonly string[],
    known: Map<string, Nids[K]>,
    added: Interned<Nids[K]>[],
  ): Promise<void> {
    for (const text of texts) {
      if (known.has(text)) continue
      const nid = await this.fresh(kind)
      known.set(text, nid)
      added.push({ nid, text })
    }
  }
}
