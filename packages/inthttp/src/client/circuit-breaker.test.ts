import { expect, it } from 'vitest'
import { CircuitBreaker } from './circuit-breaker.ts'

function breakerAt(clock: { time: number }): CircuitBreaker {
  return new CircuitBreaker({ failures: 3, restMs: 1_000 }, { now: () => clock.time })
}

it('opens after failures in a row, and not for scattered ones', () => {
  const breaker = breakerAt({ time: 0 })
  for (let round = 0; round < 5; round++) {
    breaker.failed()
    breaker.failed()
    breaker.succeeded()
  }
  expect(breaker.admits()).toBe(true)
  for (let count = 0; count < 3; count++) breaker.failed()
  expect(breaker.admits()).toBe(false)
})

it('lets one request through after the rest, whose fate decides', () => {
  const clock = { time: 0 }
  const breaker = breakerAt(clock)
  for (let count = 0; count < 3; count++) breaker.failed()
  clock.time = 999
  expect(breaker.admits()).toBe(false)
  clock.time = 1_000
  expect([breaker.admits(), breaker.admits()]).toEqual([true, false])
  breaker.failed()
  expect(breaker.admits()).toBe(false)
  clock.time = 2_000
  expect(breaker.admits()).toBe(true)
  breaker.succeeded()
  expect([breaker.admits(), breaker.admits()]).toEqual([true, true])
})

it('lets another try when the one that tried lost interest', () => {
  const clock = { time: 0 }
  const breaker = breakerAt(clock)
  for (let count = 0; count < 3; count++) breaker.failed()
  clock.time = 1_000
  expect(breaker.admits()).toBe(true)
  breaker.undecided()
  expect(breaker.admits()).toBe(true)
})
