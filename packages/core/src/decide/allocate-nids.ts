import { hash } from 'node:crypto'
import type { BlockOrigin, StateAllocator } from '@roomserver/state'
import type {
  Suspendable,
  BlockNid,
  EventNid,
  EventTypeNid,
  SnapshotNid,
  StateKeyNid,
} from '@roomserver/types'
import { stateKeyNidOf, typeNidOf } from '../view/reads.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'

/** A NID for a new event. */
export function* newEventNid(draft: Draft): Suspendable<DecideNeed, EventNid> {
  for (;;) {
    const nid = draft.context.nids.take('event')
    if (nid !== undefined) return nid
    yield { kind: 'nids', of: 'event' }
  }
}

/** The NID of an event type, given now if it has none. */
export function* internType(draft: Draft, name: string): Suspendable<DecideNeed, EventTypeNid> {
  const known = yield* typeNidOf(draft.view, name)
  if (known !== null) return known
  for (;;) {
    const nid = draft.context.nids.take('eventType')
    if (nid !== undefined) {
      draft.addEventType(nid, name)
      return nid
    }
    yield { kind: 'nids', of: 'eventType' }
  }
}

/** The NID of a state key, given now if it has none. */
export function* internStateKey(draft: Draft, text: string): Suspendable<DecideNeed, StateKeyNid> {
  const known = yield* stateKeyNidOf(draft.view, text)
  if (known !== null) return known
  for (;;) {
    const nid = draft.context.nids.take('stateKey')
    if (nid !== undefined) {
      draft.addStateKey(nid, text)
      return nid
    }
    yield { kind: 'nids', of: 'stateKey' }
  }
}

/** Gives NIDs to new blocks and snapshots of a draft, and the old ones to such as are stored already. */
export class DraftAllocator implements StateAllocator {
  readonly sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
  readonly #draft: Draft
  readonly #isNew: boolean

  /**
   * @param isNew - whether the changes have an event that is not stored yet: then no equal snapshot can be stored, nor an
   *   equal block of changes, and none is looked for
   */
  constructor(draft: Draft, isNew: boolean) {
    this.#draft = draft
    this.#isNew = isNew
  }

  get roomNid(): StateAllocator['roomNid'] {
    return this.#draft.read.nid
  }

  blockNid(contentHash: string, origin: BlockOrigin): BlockNid | undefined {
    const known = this.#draft.view.blockByHash(contentHash)
    if (known) return known.nid
    return known === null || (this.#isNew && origin === 'changes')
      ? this.#draft.context.nids.take('block')
      : undefined
  }

  snapshotNid(contentHash: string): SnapshotNid | undefined {
    const known = this.#draft.view.snapshotByHash(contentHash)
    if (known) return known.nid
    return known === null || this.#isNew ? this.#draft.context.nids.take('snapshot') : undefined
  }
}
