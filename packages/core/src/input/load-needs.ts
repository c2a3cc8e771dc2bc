import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { Job } from './room-actor.ts'
import type { NidPool } from './nid-pool.ts'

/** Loads what decisions on a draft ask for. */
export function loadFor(draft: Draft, nids: NidPool): (need: DecideNeed) => Promise<void> {
  const { view, reads } = draft
  return async (need) => {
    if (need.kind === 'nids') return nids.fetch(need.of)
    if (need.kind === 'dangling') return reads.loadDangling(need.ids)
    if (need.kind === 'redactions-of') return reads.loadRedactions(need.ids)
    if (need.kind === 'pending-invites') return reads.loadInvites(need.users)
    // Asked for a hash, an allocator that has run out of NIDs would ask for ever.
    if (need.kind === 'block-hash') await nids.fetch('block')
    if (need.kind === 'snapshot-hash') await nids.fetch('snapshot')
    return view.load(need)
  }
}

/**
 * Reads at once what all events of a batch will be asked about: whether they are stored, what they name, whether
 * something names them.
 */
export async function readArrivals({ view, reads }: Draft, jobs: readonly Job[]): Promise<void> {
  const arrivals = jobs.map((job) => job.task.arrival).filter((arrival) => arrival !== undefined)
  if (arrivals.length === 0) return
  const ids = [...new Set(arrivals.flatMap(({ eventId, names }) => [eventId, ...names]))]
  const unknown = ids.filter((id) => view.eventById(id) === undefined)
  const own = arrivals.map(({ eventId }) => eventId)
  await Promise.all([
    unknown.length > 0 && view.load({ kind: 'events-by-id', ids: unknown }),
    reads.loadDangling(own),
    reads.loadRedactions(own),
  ])
}
