import type { Storage } from '@roomserver/storage'
import { parseServerName } from '@roomserver/types'
import { RecordCache } from '../src/index.ts'
import type { QueryContext } from '../src/query/context.ts'
import { watchedStore } from '../src/view/watched-store.ts'

/** What a read of records asked for: `eventsByNid 7`. */
type Row = string

/** A process on a store that others write, with a cache of its own, which notes what it reads of records. */
export class WatchedProcess {
  readonly cache: RecordCache
  readonly context: QueryContext
  /** What each read asked for, in their order. */
  readonly reads: (readonly Row[])[] = []
  /** What reads asked for although the cache had it. */
  readonly needless: Row[] = []
  /** Called before each read, with its number from 1. */
  onRead: (count: number) => void = () => undefined

  constructor(storage: Storage, cacheBytes = 32 * 1024 * 1024) {
    const watched =
      <Key extends string | number, Found>(
        name: string,
        read: (keys: readonly Key[]) => Promise<Found[]>,
        cached: (key: Key) => unknown,
      ) =>
      (keys: readonly Key[]): Promise<Found[]> => {
        this.reads.push(keys.map((key) => `${name} ${key}`))
        for (const key of keys) if (cached(key) !== undefined) this.needless.push(`${name} ${key}`)
        this.onRead(this.reads.length)
        return read(keys)
      }
    const cache = () => this.cache
    const store: Storage = {
      ...storage,
      eventsByNid: watched('eventsByNid', storage.eventsByNid, (nid) => cache().event(nid)),
      eventTexts: watched('eventTexts', storage.eventTexts, (nid) => cache().event(nid)),
      eventsById: watched('eventsById', storage.eventsById, (id) => cache().eventById(id)),
      snapshots: watched('snapshots', storage.snapshots, (nid) => cache().get('snapshots', nid)),
      blocks: watched('blocks', storage.blocks, (nid) => cache().get('blocks', nid)),
      eventTypesByName: watched('types', storage.eventTypesByName, (name) => cache().get('types', name)),
      stateKeysByText: watched('keys', storage.stateKeysByText, (text) => cache().get('state-keys', text)),
    }
    this.cache = new RecordCache(store, cacheBytes)
    this.context = {
      store: watchedStore(store, this.cache),
      cache: this.cache,
      serverName: parseServerName('a'),
      compatibility: 'current',
      appservice: undefined,
    }
  }

  /** How often what was read most often was read. */
  get mostOften(): number {
    const times = new Map<Row, number>()
    for (const row of this.reads.flat()) times.set(row, (times.get(row) ?? 0) + 1)
    return Math.max(0, ...times.values())
  }

  /** How much the smallest read asked for. */
  get smallest(): number {
    return Math.min(...this.reads.map((rows) => rows.length))
  }

  /** How much the largest read asked for. */
  get largest(): number {
    return Math.max(0, ...this.reads.map((rows) => rows.length))
  }

  forgetReads(): void {
    this.reads.length = 0
    this.needless.length = 0
  }
}
