import type { Verdict } from '@roomserver/types'

/** What the rules say about an event, as it is stored with it. */
export interface Judgement {
  readonly verdict: Verdict
  readonly rule?: string | undefined
  readonly reason?: string | undefined
}
