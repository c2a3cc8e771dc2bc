import { expect, it } from 'vitest'
import type { LoadRow } from './measure.ts'
import { runsNamed } from './runs.ts'
import { loadTables } from './tables.ts'

const row = (name: string, figures: Partial<LoadRow>): LoadRow => ({ name, p50ms: 1, p99ms: 2, ...figures })

it('compares servers with each other, and each with itself in easier circumstances', () => {
  const events = 'mix: events in 400 rooms, 16 at once'
  const whole = 'queryLatestEventsAndState, all, 3000 members'
  const tables = loadTables({
    reference: { 'in-order': [row(whole, { perSecond: 20, cpuMsEach: 50, peakMiB: 250 })] },
    production: {
      'in-order': [row(whole, { perSecond: 80, cpuMsEach: 5, peakMiB: 270 })],
      shuffled: [row(whole, { perSecond: 70, cpuMsEach: 6 })],
      mix: [
        row(events, { perSecond: 400, cpuMsEach: 2, peakMiB: 300 }),
        row('mix: whole state, while events come', { p99ms: 90 }),
      ],
      'mix-without': [row(events, { perSecond: 500, cpuMsEach: 1.6, peakMiB: 200 })],
      'mix-idle': [row('queryLatestEventsAndState, all, 5000 members', { p99ms: 30 })],
    },
    embedded: {},
  })
  expect(tables.split('\n')).toEqual(
    expect.arrayContaining([
      `| ${whole} | 20 | 80 | 4.00 | 1 | 2 | 50 | 5 |  |  |`,
      'Peak memory: reference 250 MiB, ours 270 MiB, SQLite not run',
      `| ${whole} | 5 | 6 | 1.20 |`,
      '| events per second (goal: 1.3 times) | 500 | 400 | 1.25 |',
      '| whole state, p99 ms (goal: 10 times) | 30 | 90 | 3.00 |',
      '| peak memory, MiB | 200 | 300 |  |',
    ]),
  )
})

it('takes runs by their names, in the order in which they are to be done', () => {
  expect(runsNamed('mix,in-order')).toEqual(['in-order', 'mix'])
  expect(() => runsNamed('mixed')).toThrow('unknown run mixed')
})
