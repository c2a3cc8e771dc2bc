import { describe } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { checkContract } from './checks.ts'
import { commitContract } from './commit.ts'
import { leaseContract } from './leases.ts'
import { logContract } from './logs.ts'
import { membershipContract } from './memberships.ts'
import { internedRowsContract } from './interned-rows.ts'
import { purgeContract } from './purges.ts'
import { blockedRoomContract, repairContract } from './repairs.ts'
import { roomContract } from './rooms.ts'
import { upkeepContract } from './upkeep.ts'
import { wholeRowContract } from './whole-rows.ts'

/** What a store has to do, whatever database is beneath it. `open` gives an empty one. */
export function storageContract(open: () => Promise<Storage>): void {
  describe('interned rows', () => internedRowsContract(open))
  describe('rooms', () => roomContract(open))
  describe('commit', () => commitContract(open))
  describe('memberships', () => membershipContract(open))
  describe('logs', () => logContract(open))
  describe('repairs', () => repairContract(open))
  describe('blocked rooms', () => blockedRoomContract(open))
  describe('purges', () => purgeContract(open))
  describe('leases', () => leaseContract(open))
  describe('upkeep', () => upkeepContract(open))
  describe('whole rows', () => wholeRowContract(open))
  describe('checks', () => checkContract(open))
}
