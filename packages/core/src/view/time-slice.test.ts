import { expect, it } from 'vitest'
import { TimeSlice } from './time-slice.ts'

it('gives the work up where others had their turn and whoever asked has gone away', async () => {
  const caller = new AbortController()
  const slice = new TimeSlice(caller.signal)
  await slice.next()
  const turn = slice.next()
  caller.abort(new Error('gone'))
  await expect(turn).rejects.toThrow('gone')
})
