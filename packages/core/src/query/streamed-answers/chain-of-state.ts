import type { EventNid, RoomRecord } from '@roomserver/types'
import { damaged } from '../../view/damaged.ts'
import { chainNids } from '../auth-chain.ts'
import type { QueryContext } from '../context.ts'
import { authEventsOfState } from './auth-events-of-state.ts'
import type { Sequence } from './sequence.ts'
import type { Shown } from './shown-state.ts'

type Context = Pick<QueryContext, 'store' | 'cache' | 'gone'>

/** An auth chain, in the parts that it was found in. Immutable, like the parts. */
interface Chain {
  /** What the state referenced that it is the chain of. */
  readonly referenced: ReadonlySet<EventNid>
  readonly links: readonly Link[]
}

/** Events of a chain, each in one link only. */
interface Link extends Sequence {
  readonly nids: ReadonlySet<EventNid>
}

/**
 * The auth chain of a whole state: what its events reference, what that references, and so on. A state that references what an earlier
 * one did, and more, has the same chain and what the new references add.
 *
 * @throws {RoomserverError} STORE_DAMAGED when an event of it does not exist
 */
export async function chainOfState(context: Context, room: RoomRecord, state: Shown): Promise<Shown> {
  const { pages } = context.cache
  const rewritten = pages.rewrittenOf(room.nid)
  const referenced = await authEventsOfState(context, room, state)
  const name = `chain of room ${room.nid}`
  const kept = pages.get<Chain>(room.nid, name)
  const base = kept !== undefined && isWithin(kept.referenced, referenced) ? kept.links : []
  const isNew = (nid: EventNid) => !base.some(({ nids }) => nids.has(nid))
  const found = await chainNids(context, room.nid, referenced, isNew)
  const links = withLink(base, found, () => pages.newName())
  if (kept === undefined || links !== kept.links) {
    const count = links.reduce((sum, link) => sum + link.length, 0)
    pages.put(name, { referenced, links } satisfies Chain, 300 + (count + referenced.size) * 80, rewritten)
  }
  return { sequences: links, runs: () => links.map(({ length }, layer) => ({ layer, from: 0, to: length })) }
}

function isWithin(some: ReadonlySet<EventNid>, all: ReadonlySet<EventNid>): boolean {
  return some.size <= all.size && [...some].every((nid) => all.has(nid))
}

/** Adds a link, which takes its neighbours in as long as they are not much larger, so that there are few links. */
function withLink(
  links: readonly Link[],
  found: ReadonlySet<EventNid>,
  newName: () => string,
): readonly Link[] {
  if (found.size === 0) return links
  const kept = [...links]
  const taken = [found]
  let size = found.size
  for (let last = kept.at(-1); last !== undefined && last.length <= 2 * size; last = kept.at(-1)) {
    kept.pop()
    taken.unshift(last.nids)
    size += last.length
  }
  return [
    ...kept,
    linkOf(
      newName(),
      taken.flatMap((nids) => [...nids]),
    ),
  ]
}

function linkOf(name: string, list: readonly EventNid[]): Link {
  return {
    name,
    length: list.length,
    nids: new Set(list),
    nidAt: (index) => list[index] ?? damaged(`an auth chain has no event at index ${index}`),
  }
}
