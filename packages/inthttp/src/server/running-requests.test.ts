import { expect, it } from 'vitest'
import { RunningRequests } from './running-requests.ts'

it('has so many places in all, and so many for each connection', () => {
  const running = new RunningRequests({ maxConcurrentRequests: 3, maxConcurrentStreams: 2 })
  const [one, other, third] = [{}, {}, {}]
  expect([running.begin(one), running.begin(one), running.begin(one)]).toEqual([true, true, false])
  expect([running.begin(other), running.begin(other), running.begin(third)]).toEqual([true, false, false])
  running.end(other)
  expect([running.begin(one), running.begin(third), running.begin(other)]).toEqual([false, true, false])
  running.end(one)
  running.end(one)
  expect([running.begin(one), running.begin(one), running.begin(one)]).toEqual([true, true, false])
})
