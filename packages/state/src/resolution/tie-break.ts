import { compareCodePoints, compareOriginServerTs } from '@roomserver/events'
import type { EventNode } from './event-node.ts'

/** The older event first; of two of the same time the one with the lesser ID. */
export function compareByTime(a: EventNode, b: EventNode): number {
  return compareOriginServerTs(a.pdu, b.pdu) || compareCodePoints(a.id, b.id)
}
