import { expect, it } from 'vitest'
import { checkStore } from '../../src/crash/check-rooms.ts'
import { crashRound } from '../../src/crash/crash-round.ts'
import { prepareTestBed } from '../../src/crash/test-bed.ts'

// A handful of what `pnpm crash` does a hundred times.
it.each([
  ['sqlite', [100_001, 100_016]],
  ['postgres', [100_006]],
] as const)('loses nothing when it is killed, on %s', async (kind, seeds) => {
  await using testBed = await prepareTestBed(kind)
  for (const seed of seeds) {
    const { problems } = await crashRound(testBed.server, testBed, seed)
    expect(problems, `round ${seed}`).toEqual([])
  }
  expect(await checkStore(testBed.storage)).toEqual([])
})
