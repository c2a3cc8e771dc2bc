import { parseServerName, silentLogger } from '@roomserver/types'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkStore, type CheckWishes } from '../src/check/check-store.ts'
import { type DamagedStore, served } from './damaged-store.ts'
import { type Damage, storeDamages } from './store-damages.ts'

const NO_NAMES = {
  roomId: '',
  otherRoomId: '',
  topic: '',
  name: '',
  message: '',
  redacted: '',
  redaction: '',
  oldLevels: '',
  invite: '',
  rejected: '',
  late: '',
  missing: '',
  last: '',
}
/** The cases, by name; what their statements say is known only when the store is there. */
const CASES = Object.entries(storeDamages({ named: NO_NAMES, blob: () => '' })).flatMap(([table, damages]) =>
  Object.entries(damages)
    .filter(([, damage]) => typeof damage !== 'string')
    .map(([what]) => [table, what] as const),
)

/**
 * What a check finds in a damaged store, and what a repair makes of it, damage by damage.
 *
 * @param make - makes a whole store, to be damaged again and again
 */
export function damagedStoreContract(make: () => Promise<DamagedStore>): void {
  let store: DamagedStore
  let whole: Awaited<ReturnType<typeof served>>
  beforeAll(async () => {
    store = await make()
    await using storage = await store.open([])
    whole = await served(storage, store.named)
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
  })

  async function check(storage: Awaited<ReturnType<DamagedStore['open']>>, wishes: CheckWishes) {
    const lines: string[] = []
    const tally = await checkStore(
      storage,
      { serverName: parseServerName('a') },
      silentLogger,
      wishes,
      (line) => lines.push(line),
    )
    return {
      ...tally,
      lines: lines
        .join('\n')
        .split('\n')
        .filter((line) => line !== ''),
    }
  }

  it('has a damage, or a reason why there is none, for every table and column', () => {
    const known = Object.entries(storeDamages(store)).map(([table, damages]) => [
      table,
      Object.keys(damages).toSorted(),
    ])
    const stored = Object.entries(store.schema).map(([table, columns]) => [
      table,
      [...columns, 'a row is deleted', 'a row is added'].toSorted(),
    ])
    expect(Object.fromEntries(known)).toEqual(Object.fromEntries(stored))
  })

  it('has nothing wrong before it is damaged, and a repair changes nothing', async () => {
    await using storage = await store.open([])
    expect(await check(storage, { recompute: true })).toMatchObject({ found: 0, lines: [] })
    expect(await check(storage, { recompute: true, repair: true })).toMatchObject({ found: 0, lines: [] })
    expect(await served(storage, store.named)).toEqual(whole)
  })

  it.each(CASES)('is found so, and never made worse: %s, %s', async (table, what) => {
    const damage = storeDamages(store)[table]?.[what] as Damage
    await using storage = await store.open(damage.statements)
    // What is rebuilt is compared with the whole store, and needs no comparison with the damaged one.
    const damaged = damage.repair === 'rebuilt' ? undefined : await served(storage, store.named)
    const found = await check(storage, { recompute: true })
    expect(found.lines.join('\n')).toMatch(damage.said)
    expect(found.lines.filter((line) => /NID/.test(line) && !line.includes('counter of'))).toEqual([])

    await check(storage, { recompute: true, repair: true })
    const repaired = await served(storage, store.named)
    const after = await check(storage, { recompute: true })
    if (damage.repair === 'rebuilt') {
      expect(after.lines).toEqual([])
      expect(repaired).toEqual(whole)
    }
    expect(after.lines.filter((line) => !found.lines.includes(line))).toEqual([])
    for (const [part, text] of damaged ?? [])
      if (whole.get(part) === text) expect([part, repaired.get(part)]).toEqual([part, text])
  })
}
