import type { Pdu } from '@roomserver/events'
import { describe, expect, test } from 'vitest'
import { type AuthState, authStateOf, checkAuth, checkAuthEvents } from '../src/index.ts'
import { roomEvents } from './room.ts'

// One run judges every event of the room once; the lines that are logged say how many events that makes in a second of
// CPU time. The room is made up, or one of the shared workloads: WORKLOADS=FOLDER pnpm run bench
describe.each(['10', '12'])('room version %s', (version) => {
  const events = roomEvents(version)
  const known = new Map(events.map((event) => [event.eventId, event]))
  const referenced = { get: (id: string) => known.get(id), isRejected: () => false }
  const create = events.filter(
    ({ rules, type }) => type === 'm.room.create' && rules.roomId === 'create-hash',
  )
  const ownAuth = (event: Pdu) => [...create, ...event.authEvents.flatMap((id) => known.get(id) ?? [])]
  const cases = events.map((event): readonly [Pdu, AuthState] => [event, authStateOf(ownAuth(event))])
  const state = authStateOf(events)

  const works = {
    'against their own auth events': () => {
      for (const [event, before] of cases) checkAuth(event, before)
    },
    'against one state of the room': () => {
      for (const event of events) checkAuth(event, state)
    },
    'by their lists of auth events': () => {
      for (const event of events) checkAuthEvents(event, referenced)
    },
  }

  test.each(Object.entries(works))(`${events.length} events %s`, async (name, work) => {
    const perSecond = events.length / secondsOfCpu(work)
    console.log(
      `version ${version}, ${name}: ${Math.round(perSecond).toLocaleString('en')} events/s of CPU time`,
    )
    expect(perSecond).toBeGreaterThan(0)
  })
})

/** What one run costs, over at least a second. */
function secondsOfCpu(work: () => void): number {
  for (let i = 0; i < 20; i++) work()
  const before = process.cpuUsage()
  let runs = 0
  for (const until = performance.now() + 1_000; performance.now() < until; runs++) work()
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1e6 / runs
}
