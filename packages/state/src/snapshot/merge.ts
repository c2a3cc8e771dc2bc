import { type Entries, eventAt, NO_ENTRIES, STRIDE } from './entries.ts'

/** What becomes of tombstones: kept while earlier blocks may hold what they hide, dropped at the very bottom. */
export type Tombstones = 'keep' | 'drop'

/** Lays `newer` over `older`; the result is sorted like both. O(n + m). */
export function mergeEntries(older: Entries, newer: Entries, tombstones: Tombstones): Entries {
  const merged = new Float64Array(older.length + newer.length)
  let length = 0
  const take = (from: Entries, at: number): number => {
    if (tombstones === 'keep' || from[at + 2] !== 0) {
      merged[length] = from[at] ?? 0
      merged[length + 1] = from[at + 1] ?? 0
      merged[length + 2] = from[at + 2] ?? 0
      length += STRIDE
    }
    return at + STRIDE
  }
  let o = 0
  let n = 0
  while (o < older.length && n < newer.length) {
    const order = compareAt(older, o, newer, n)
    if (order < 0) {
      o = take(older, o)
    } else {
      n = take(newer, n)
      if (order === 0) o += STRIDE
    }
  }
  while (o < older.length) o = take(older, o)
  while (n < newer.length) n = take(newer, n)
  return length === merged.length ? merged : merged.slice(0, length)
}

function compareAt(a: Entries, i: number, b: Entries, j: number): number {
  const typeA = a[i] ?? 0
  const typeB = b[j] ?? 0
  if (typeA !== typeB) return typeA < typeB ? -1 : 1
  const keyA = a[i + 1] ?? 0
  const keyB = b[j + 1] ?? 0
  return keyA === keyB ? 0 : keyA < keyB ? -1 : 1
}

/**
 * Lays entries over each other, the last on top. Starts with the newest, which are the smallest in a snapshot that was
 * built by merging geometrically, so that the work is O(n) and not O(n × blocks).
 */
export function overlay(oldestFirst: readonly Entries[], tombstones: Tombstones): Entries {
  let merged = oldestFirst.at(-1) ?? NO_ENTRIES
  for (let index = oldestFirst.length - 2; index >= 0; index--) {
    merged = mergeEntries(oldestFirst[index] ?? NO_ENTRIES, merged, 'keep')
  }
  return tombstones === 'drop' ? withoutTombstones(merged) : merged
}

/** The entries without tombstones; the very same ones where there are none. */
export function withoutTombstones(entries: Entries): Entries {
  for (let index = 0; index * STRIDE < entries.length; index++) {
    if (eventAt(entries, index) === 0) return mergeEntries(entries, NO_ENTRIES, 'drop')
  }
  return entries
}
