import { describe } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { checkContract } from './checks.ts'
import { leaderContract } from './leader.ts'
import { purgedHistoryContract } from './purged-history.ts'
import { purgeContract } from './purges.ts'
import { upkeepContract } from './upkeep.ts'

/** What our stores do on both databases beyond what every store has to: for operators, and for processes that share one. */
export function ownContract(open: () => Promise<Storage>): void {
  describe('leader', () => leaderContract(open))
  describe('checks of whole rooms', () => upkeepContract(open))
  describe('purges', () => purgeContract(open))
  describe('purged history', () => purgedHistoryContract(open))
  describe('checks', () => checkContract(open))
}
