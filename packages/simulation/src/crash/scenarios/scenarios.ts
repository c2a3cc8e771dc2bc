import type { TestBed } from '../test-bed.ts'
import { diskFull } from './disk-full.ts'
import { cutConnections, databaseRestart, messageServerOutage } from './outages.ts'
import { threeProcesses } from './three-processes.ts'
import type { Scenario } from './under-load.ts'

const SCENARIOS: readonly Scenario[] = [
  threeProcesses,
  databaseRestart,
  messageServerOutage,
  cutConnections,
  diskFull,
]

/** What can be done to the servers of a ground. */
export function scenariosFor({ isEmbedded }: TestBed): readonly Scenario[] {
  return SCENARIOS.filter(({ needs }) => !isEmbedded || needs === 'nothing')
}
