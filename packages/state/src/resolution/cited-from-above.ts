import type { Asking, EventNid } from '@roomserver/types'
import { entryCount, eventAt, findEvent, stateKeyAt, typeAt } from '../snapshot/entries.ts'
import { overlay } from '../snapshot/merge.ts'
import type { CommonState } from './snapshot-graph.ts'
import type { ResolutionNeed, SnapshotReader } from './snapshot-reader.ts'

/**
 * Which of the wanted events are cited, directly or not, by the unconflicted part of the state: walks down from all of
 * it, though never below the level of the lowest wanted event. O(state).
 */
export function* citedFromAbove(
  reader: SnapshotReader,
  common: CommonState,
  wanted: ReadonlySet<EventNid>,
  lowest: number,
): Asking<ResolutionNeed, ReadonlySet<EventNid>> {
  const found = new Set<EventNid>()
  const seen = new Set<EventNid>()
  let open = commonEvents(common)
  while (open.length > 0 && found.size < wanted.size) {
    const page = open.splice(-EVENTS_PER_PAGE)
    const missing = page.filter((nid) => reader.event(nid) === undefined)
    if (missing.length > 0) yield { kind: 'events', nids: missing }
    else yield undefined
    for (const nid of page) {
      const record = reader.event(nid)
      if (record === undefined || record.authLevel <= lowest) continue
      for (const cited of record.authNids) {
        if (seen.has(cited)) continue
        seen.add(cited)
        open.push(cited)
        if (wanted.has(cited)) found.add(cited)
      }
    }
  }
  return found
}

const EVENTS_PER_PAGE = 512

function commonEvents({ conflicted, layers }: CommonState): EventNid[] {
  const entries = overlay(layers, 'drop')
  const events: EventNid[] = []
  for (let index = 0; index < entryCount(entries); index++) {
    if (findEvent(conflicted, typeAt(entries, index), stateKeyAt(entries, index)) === undefined) {
      events.push(eventAt(entries, index))
    }
  }
  return events
}
