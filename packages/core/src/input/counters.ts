import type { Verdict, WriteSet } from '@roomserver/types'

/** What came of the input since the process started; read by the metrics. */
export class InputCounters {
  readonly verdicts = new Map<Verdict, number>()
  /** Changes of a current state that fell back to an older event or to none. */
  stateResets = 0
  /** Entries of current states that a resolution decided. */
  resolvedEntries = 0
  /** Write sets that conflicted with a commit of another process. */
  conflicts = 0
  commits = 0
  /** Rooms quarantined after a fault. */
  quarantined = 0
  malformed = 0
  /** Events of requests under way that are still to be decided upon: how far a large join is. */
  undecided = 0
  missing = 0
  /** Repairs of rooms that got what was missing, and that did not. */
  repaired = 0
  repairsFailed = 0
  /** Events for which servers supplied different states. */
  statesDiffered = 0
  /** Repairs that were tried so often that they are left to operators. */
  repairsGivenUp = 0

  count({ events, updates, journal }: WriteSet): void {
    this.commits++
    for (const { verdict } of [...events, ...updates]) {
      if (verdict !== undefined) this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1)
    }
    for (const { reset, cause } of journal) {
      if (reset) this.stateResets++
      if (cause.kind === 'resolution') this.resolvedEntries++
    }
  }
}
