import type { Suspendable, EventNid, EventTypeNid, StateKeyNid } from '@roomserver/types'
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
