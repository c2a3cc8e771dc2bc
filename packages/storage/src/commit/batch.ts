import type { EventNid, EventUpdate, WriteSet } from '@roomserver/types'
import { lastOfEach } from '../bulk.ts'
import type { PlacedChange } from '../tables/journal.ts'
import type { NamedMembership } from '../tables/memberships.ts'

type Lists = { [K in keyof WriteSet as WriteSet[K] extends readonly unknown[] ? K : never]: WriteSet[K] }

/** One list of all the write sets, end to end. */
export function all<K extends keyof Lists>(sets: readonly WriteSet[], list: K): readonly Lists[K][number][] {
  const [only] = sets
  if (sets.length === 1 && only !== undefined) return only[list]
  return sets.flatMap((set): readonly Lists[K][number][] => set[list])
}

/** The blocks of the write sets, in the order of their hashes, so that two processes do not lock each other out. */
export function blocksOf(sets: readonly WriteSet[]): readonly WriteSet['blocks'][number][] {
  return all(sets, 'blocks').toSorted((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0))
}

/** What becomes of each event that changes: several updates of one are put together, the later ones counting. */
export function updatesOf(sets: readonly WriteSet[]): readonly EventUpdate[] {
  const merged = new Map<EventNid, EventUpdate>()
  for (const update of all(sets, 'updates')) {
    merged.set(update.nid, { ...merged.get(update.nid), ...given(update) })
  }
  return [...merged.values()]
}

function given(update: EventUpdate): EventUpdate {
  const entries = Object.entries(update).filter(([, value]) => value !== undefined)
  // A new verdict brings its own rule and reason, or none.
  const blank = update.verdict === undefined ? {} : { rule: undefined, reason: undefined }
  return { nid: update.nid, ...blank, ...Object.fromEntries(entries) }
}

/** What each user's membership becomes in the end, with the ID of users that are new. */
export function membershipsOf(sets: readonly WriteSet[]): readonly NamedMembership[] {
  const memberships = all(sets, 'memberships')
  if (memberships.length === 0) return []
  const fresh = new Map(all(sets, 'stateKeys').map(({ nid, text }) => [nid, text]))
  return lastOfEach(memberships, ({ roomNid, user }) => `${roomNid} ${user}`).map((record) => ({
    record,
    userId: fresh.get(record.user),
  }))
}

export function invitesOf(sets: readonly WriteSet[]): readonly WriteSet['invites'][number][] {
  return lastOfEach(all(sets, 'invites'), ({ event }) => event)
}

export function redactionsOf(sets: readonly WriteSet[]): readonly WriteSet['redactions'][number][] {
  return lastOfEach(all(sets, 'redactions'), ({ redaction }) => redaction)
}

/** The changes of the journal, each with its place in its commit. */
export function journalOf(sets: readonly WriteSet[]): readonly PlacedChange[] {
  return sets.flatMap((set) => set.journal.map((record, place) => ({ record, place })))
}
