import { describe } from 'vitest'
import { commitContract } from './commit.ts'
import type { ContractStore } from './contract-store.ts'
import { inspectionContract } from './inspection.ts'
import { internedRowsContract } from './interned-rows.ts'
import { leaseContract } from './leases.ts'
import { logContract } from './logs.ts'
import { membershipContract } from './memberships.ts'
import { purgedHistoryContract } from './purged-history.ts'
import { purgeContract } from './purges.ts'
import { blockedRoomContract, repairContract } from './repairs.ts'
import { roomContract } from './rooms.ts'
import { upkeepContract } from './upkeep.ts'
import { wholeRowContract } from './whole-rows.ts'

const PARTS = {
  'interned rows': internedRowsContract,
  rooms: roomContract,
  commit: commitContract,
  memberships: membershipContract,
  logs: logContract,
  repairs: repairContract,
  'blocked rooms': blockedRoomContract,
  purges: purgeContract,
  'purged history': purgedHistoryContract,
  leases: leaseContract,
  inspection: inspectionContract,
  upkeep: upkeepContract,
  'whole rows': wholeRowContract,
} as const

/** A part of the contract. */
export type ContractPart = keyof typeof PARTS

/** The parts of the contract, in the order in which they are tested. */
export const CONTRACT_PARTS = Object.keys(PARTS) as readonly ContractPart[]

/**
 * Declares the tests of what a store has to do, whatever database is beneath it. Call it in a test file of vitest.
 *
 * @param open - opens an empty store; called once by every test, which closes it
 * @param parts - which parts are tested; all unless said otherwise
 * @example
 * ```ts
 * import { type ContractStore, storageContract } from '@roomserver/storage-contract'
 * import { describe } from 'vitest'
 *
 * declare function openMyStore(): Promise<ContractStore>
 *
 * describe('my store', () => storageContract(openMyStore))
 * ```
 */
export function storageContract(
  open: () => Promise<ContractStore>,
  parts: readonly ContractPart[] = CONTRACT_PARTS,
): void {
  for (const part of parts) describe(part, () => PARTS[part](open))
}
