import type { TestBed } from '../test-bed.ts'
import { diskFull } from './disk-full.ts'
import { FORGETFUL_MESSAGE_SERVERS } from './forgetful-message-server.ts'
import { throughPooler } from './pooler.ts'
import { embeddedPutBack, postgresPutBack } from './put-back.ts'
import { cutConnections, databaseRestart, messageServerOutage } from './outages.ts'
import { threeProcesses } from './three-processes.ts'
import type { Scenario } from './under-load.ts'

const SCENARIOS: readonly Scenario[] = [
  threeProcesses,
  databaseRestart,
  messageServerOutage,
  cutConnections,
  throughPooler,
  diskFull,
  ...FORGETFUL_MESSAGE_SERVERS,
  postgresPutBack,
  embeddedPutBack,
]

/** What can be done to the servers of a ground. */
export function scenariosFor({ isEmbedded }: TestBed): readonly Scenario[] {
  const form = isEmbedded ? 'embedded' : 'production'
  return SCENARIOS.filter(({ needs }) => needs === 'nothing' || needs === form)
}
