import type { EventId } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { Job } from './actor-parts.ts'
import type { NewStateKeyHeuristic } from './new-state-key-heuristic.ts'
import type { NidPool } from './nid-pool.ts'
import type { CommitPacing } from './commit-pacing.ts'

/** Loads what decisions on a draft ask for. */
export function loadFor(draft: Draft, nids: NidPool): (need: DecideNeed) => Promise<void> {
  const { view, reads } = draft
  return async (need) => {
    if (need.kind === 'nids') return nids.fetch(need.of)
    if (need.kind === 'successors') return reads.loadSuccessors(need.ids)
    if (need.kind === 'remote-states') return reads.loadRemoteStates()
    if (need.kind === 'graph') return reads.loadGraph(need.into)
    if (need.kind === 'purged') return reads.loadPurged(need.ids)
    if (need.kind === 'redactions-of') return reads.loadRedactions(need.ids)
    if (need.kind === 'users-of-server') return reads.loadUsersOfServer(need.server)
    if (need.kind === 'resident') return reads.loadResident(draft.context.serverName)
    if (need.kind === 'not-departed') return reads.loadNotDeparted(draft.context.serverName)
    if (need.kind === 'pending-invites') return reads.loadInvites(need.users)
    if (need.kind === 'invite') return reads.loadInvite(need.event)
    // Asked for a hash, an allocator that has run out of NIDs would ask for ever.
    if (need.kind === 'block-hash') await nids.fetch('block')
    if (need.kind === 'snapshot-hash') await nids.fetch('snapshot')
    return view.load(need)
  }
}

/**
 * Reads at once what all events of a batch will be asked about: whether they are stored, what they name, whether
 * something names them, which number their state keys have.
 *
 * @param assumes - leaves out what an event that nobody has heard of would show, for the commit to find out whether any
 * of them is another one
 * @param parts - `newStateKeys` tells whether the same goes for state keys that are met for the first time
 * @returns whether any of those that were looked up is stored
 */
export async function readArrivals(
  draft: Draft,
  jobs: readonly Job[],
  assumes: boolean,
  { pacing, newStateKeys }: { readonly pacing: CommitPacing; readonly newStateKeys: NewStateKeyHeuristic },
): Promise<boolean> {
  const { view, reads } = draft
  const arrivals = jobs.map((job) => job.task.arrival).filter((arrival) => arrival !== undefined)
  const own = new Set(arrivals.map(({ eventId }) => eventId))
  const names = new Set(arrivals.flatMap((arrival) => arrival.names))
  const keys = new Set(arrivals.map(({ stateKey }) => stateKey).filter((key) => key !== undefined))
  const strange = [...keys].filter((key) => view.stateKeyNid(key) === undefined)
  const isStrangeNew = assumes && newStateKeys.areLikely
  const texts = isStrangeNew ? [] : strange
  if (isStrangeNew) for (const text of strange) draft.assumeUnnamed(text)
  const unknown = [...names].filter((id) => !own.has(id) && view.eventById(id) === undefined)
  if (assumes) {
    for (const { eventId, isNew } of arrivals) {
      if (!isNew || view.eventById(eventId) !== undefined) continue
      draft.assumeUnmentioned(eventId)
      own.delete(eventId)
    }
  }
  const [stored] = await Promise.all([
    own.size > 0 ? reads.loadMentions([...own]) : pacing.next().then(() => NONE),
    unknown.length > 0 && view.load({ kind: 'events-by-id', ids: unknown }),
    texts.length > 0 && view.load({ kind: 'state-keys', texts }),
  ])
  for (const text of texts) newStateKeys.looked(view.stateKeyNid(text) === null)
  for (const id of own) if (!stored.has(id)) view.addAbsent(id)
  const again = [...stored].filter((id) => own.has(id) && view.eventById(id) === undefined)
  if (again.length > 0) await view.load({ kind: 'events-by-id', ids: again })
  return stored.size > 0
}

const NONE: ReadonlySet<EventId> = new Set()
