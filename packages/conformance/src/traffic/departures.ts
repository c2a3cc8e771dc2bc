import type { JsonValue } from '@roomserver/types'
import type { Difference } from './compare.ts'

/** A difference as the replay found it, for the table of expected departures to judge. */
export interface Finding {
  /** Path of the call, or `output <kind>`. */
  readonly of: string
  readonly request: JsonValue
  readonly expectedStatus?: number
  readonly gotStatus?: number
  readonly problem: 'status' | 'answer' | 'missing' | 'extra' | 'content' | 'order'
  readonly difference?: Difference
  readonly expected: JsonValue | undefined
  readonly got: JsonValue | undefined
}

/** A way in which we depart from the recorded server on purpose. */
export interface Departure {
  readonly id: string
  /** Why, and on which section of the specification (or contract) it rests. */
  readonly reason: string
  readonly applies: (finding: Finding) => boolean
}

/** Every expected departure; what it covers is counted and listed at the end of a replay, never silent. */
export const DEPARTURES: readonly Departure[] = [
  {
    id: 'handler-crash',
    reason:
      'The recorded server crashed inside the handler (500 "Internal Server Error"); the contract asks for a proper error in its place (internal API, "Transport").',
    applies: (finding) =>
      finding.expectedStatus === 500 &&
      JSON.stringify(finding.expected) === '{"message":"Internal Server Error"}' &&
      finding.gotStatus !== undefined &&
      JSON.stringify(finding.got) !== '{"message":"Internal Server Error"}',
  },
]
