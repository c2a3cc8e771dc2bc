import { InputKind } from '@roomserver/api'
import { type EventId, isRejected } from '@roomserver/types'
import type { Outcome } from '../decide/event-input.ts'

/**
 * Why an event was not taken, as `ErrMsg` says it; empty when it was. An outlier that was rejected, and an event that
 * failed softly, have been taken: they are stored, and their senders have nothing to do about it.
 */
export function failureOf(outcome: Outcome, kind: number | undefined): string {
  switch (outcome.kind) {
    case 'refused':
      return outcome.error.message
    case 'missing':
      return missingText(outcome)
    case 'stored': {
      const isFailure = isRejected(outcome.verdict) && kind !== InputKind.outlier
      return isFailure ? `${outcome.reason ?? 'rejected'} (rule ${outcome.rule ?? 'unknown'})` : ''
    }
  }
}

/** How many missing events are named. */
const MAX_NAMED = 20

function missingText({ auth, prev, state }: Outcome & { readonly kind: 'missing' }): string {
  const parts = [
    ['auth events', auth] as const,
    ['prev events', prev] as const,
    ['state events', state] as const,
  ]
  const lists = parts.filter(([, ids]) => ids.length > 0).map(([what, ids]) => `${what} ${named(ids)}`)
  return `missing ${lists.join(' and ')}, and no server could be asked for them`
}

function named(ids: readonly EventId[]): string {
  const more = ids.length - MAX_NAMED
  return `${ids.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
