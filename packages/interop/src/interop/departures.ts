import type { Observation } from './drive.ts'

/** A way in which our room server departs from the reference on purpose, as a client sees it. */
export interface Departure {
  /** Steps that it covers. */
  readonly steps: RegExp
  /** Why, and on which section of the specification it rests. */
  readonly reason: string
  /** Narrows it to what we are meant to answer; anything else is a failure still. */
  readonly ours: (observation: Observation) => boolean
}

/** Every expected departure. What it covers is listed at the end of a run. */
export const DEPARTURES: readonly Departure[] = [
  {
    steps: /: bob rejects$|^invites\d+: (bob sees it|state)$|^bob sees the far invite$/,
    reason:
      'The reference crashes when an invite of a local user is rejected and the invite stays; leaving ends an invite (client-server API, "Leaving rooms").',
    ours: ({ status, meaning }) =>
      status === 200 && (meaning === null || JSON.stringify(meaning).includes('leave')),
  },
]
