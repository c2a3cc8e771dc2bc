import type { Clock, Logger } from '@roomserver/types'
import type { InputCounters } from '../input/counters.ts'
import type { EventDecider } from '../input/task-runner.ts'
import type { Store } from '../ports.ts'
import type { RepairFederation } from './call-budget.ts'
import type { RepairJobs } from './repair-jobs.ts'

/** What repairs work with. */
export interface RepairParts {
  readonly federation: RepairFederation
  readonly store: Store
  readonly input: EventDecider
  readonly serverName: string
  readonly counters: InputCounters
  /** Where it is written down how repairs stand. */
  readonly jobs: RepairJobs
  readonly clock: Clock
  readonly log: Logger
  /** Called for each event that is stored on the way. */
  readonly onStored?: (() => void) | undefined
}
