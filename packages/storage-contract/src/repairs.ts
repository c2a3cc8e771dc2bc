import type { RepairRecord } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'

const REPAIR: RepairRecord = {
  eventId: '$a',
  roomId: '!one:a',
  payload: '{"origin":"b"}',
  state: 'waiting',
  fetched: 0,
  attempts: 0,
  lastError: '',
  sinceTs: 1_800_000_000_000,
  nextTs: 1_800_000_000_000,
}

/** Rooms that operators blocked. */
export function blockedRoomContract(open: () => Promise<ContractStore>): void {
  it('keeps blocked rooms, each with its last reason, until they are unblocked', async () => {
    await using store = await open()
    const room = (roomId: string, reason = 'spam') => ({ roomId, by: '@admin:a', reason, sinceTs: 1_000 })
    for (const id of ['!b:a', '!a:a', '!c:a']) await store.blockRoom(room(id))
    await store.blockRoom(room('!b:a', 'abuse'))
    expect(await store.blockedRooms('', 2)).toEqual([room('!a:a'), room('!b:a', 'abuse')])
    expect(await store.blockedRooms('!b:a', 2)).toEqual([room('!c:a')])
    await store.unblockRoom('!b:a')
    await store.unblockRoom('!unknown:a')
    expect(await store.blockedRooms('', 9)).toEqual([room('!a:a'), room('!c:a')])
  })
}

/** Events that wait for others. */
export function repairContract(open: () => Promise<ContractStore>): void {
  it('keeps repairs with their progress until they are dropped', async () => {
    await using store = await open()
    const others = [
      { ...REPAIR, eventId: '$b' },
      { ...REPAIR, eventId: '$c', roomId: '!two:a' },
    ]
    await store.putRepairs([REPAIR, ...others])
    const failed = {
      ...REPAIR,
      state: 'gave-up' as const,
      fetched: 7,
      attempts: 3,
      lastError: 'no such host',
    }
    await store.putRepairs([failed])
    expect(await store.repairs('', 10)).toEqual([failed, ...others])
    expect(await store.repairs('$a', 1)).toEqual([others[0]])
    expect(await store.repairsOfRoom('!one:a', '', 1)).toEqual([failed])
    expect(await store.repairsOfRoom('!one:a', '$a', 10)).toEqual([others[0]])
    await store.dropRepairs(['$a', '$c', '$unknown'])
    expect(await store.repairs('', 10)).toEqual([others[0]])
  })
}
