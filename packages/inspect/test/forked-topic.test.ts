import type { InspectionApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { opened } from './opened.ts'

/**
 * Alice and Bob, a moderator, set the topic at the same time, on two branches; on a third Alice takes Bob's level away. Then a
 * message brings the branches together.
 */
describe('a topic set on two branches', () => {
  let inspection: InspectionApi
  let room: RoomBuilder
  let [byAlice, byBob, demotion, merge]: (Pdu | undefined)[] = []
  const idOf = (event: Pdu | undefined): string => event?.eventId ?? ''

  beforeAll(async () => {
    room = await RoomBuilder.create({ version: '11' })
    await room.join('@bob:b')
    const users = { '@alice:a': 100, '@bob:b': 50 }
    const levels = await room.state('m.room.power_levels', '', { users })
    const topic = (sender: string, text: string, prev: Pdu) =>
      room.add({ type: 'm.room.topic', stateKey: '', sender, content: { topic: text }, prev: [prev] })
    byAlice = await topic('@alice:a', 'tea', levels)
    byBob = await topic('@bob:b', 'coffee', levels)
    demotion = await room.add({
      type: 'm.room.power_levels',
      stateKey: '',
      sender: '@alice:a',
      content: { users: { '@alice:a': 100 } },
      prev: [byAlice],
    })
    merge = await room.add({ type: 'm.room.message', sender: '@alice:a', content: { body: 'hm' } })
    inspection = await opened(room.events)
  })

  const inRoom = () => ({ room_id: room.roomId, cursor: '', limit: 0 })

  it('tells which setting is in effect, and how the other lost', async () => {
    const { entries } = await inspection.history({ ...inRoom(), type: 'm.room.topic', state_key: '' })
    expect(entries.map(({ event, outcome }) => [event.says, outcome])).toEqual([
      ['topic: coffee', expect.stringMatching(/lost|replaced/)],
      ['topic: tea', 'current'],
    ])
    expect(entries[0]?.why).toContain('state resolution')
  })

  it('does the resolution again, step by step', async () => {
    const resolution = await inspection.resolution({ room_id: room.roomId, at: idOf(merge), moment: '' })
    expect(resolution).toMatchObject({ algorithm: 'v2', is_needed: true, is_shortened: false })
    expect(resolution.state_sets.map(({ after }) => after).flat()).toEqual(
      expect.arrayContaining([idOf(demotion), idOf(byBob)]),
    )
    const topic = resolution.conflicts.find(({ type }) => type === 'm.room.topic')
    expect(topic).toMatchObject({ winner: idOf(byAlice) })
    expect(topic?.why).toContain(idOf(byBob))
    expect(resolution.power_events.at(-1)).toBe(idOf(demotion))
    const refused = resolution.checks.find(({ event_id: id }) => id === idOf(byBob))
    expect(refused).toMatchObject({ is_allowed: false, step: 'mainline' })
    expect(refused?.rule.url).toContain('https://spec.matrix.org/')
    const known = new Set(resolution.events.map(({ event_id: id }) => id))
    for (const { against } of resolution.checks)
      for (const { event_id: id } of against) if (id !== '') expect(known).toContain(id)
  })

  it('compares the states of the two branches', async () => {
    const point = (event: Pdu | undefined) => ({ event_id: idOf(event), side: 'after' })
    const diff = await inspection.diff({
      room_id: room.roomId,
      from: point(byBob),
      to: point(demotion),
      limit: 0,
    })
    const changes = diff.changes.map(({ from, to, type }) => [type, from?.event_id, to?.event_id])
    expect(changes).toHaveLength(2)
    expect(changes).toContainEqual(['m.room.power_levels', expect.any(String), idOf(demotion)])
    expect(changes).toContainEqual(['m.room.topic', idOf(byBob), idOf(byAlice)])
  })

  it('gives the event graph in pages, each event once, the extremities first', async () => {
    const seen: string[] = []
    let from: readonly string[] = []
    do {
      const page = await inspection.graph({ room_id: room.roomId, from, direction: '', limit: 3 })
      seen.push(...page.events.map(({ event_id: id }) => id))
      from = page.next
    } while (from.length > 0)
    expect(seen[0]).toBe(idOf(merge))
    expect(seen).toHaveLength(room.events.length)
    expect(new Set(seen)).toEqual(new Set(room.events.map(({ eventId }) => eventId)))
  })

  it('gives the graph around an event', async () => {
    const page = await inspection.graph({
      room_id: room.roomId,
      from: [idOf(byBob)],
      direction: 'around',
      limit: 4,
    })
    const ids = page.events.map(({ event_id: id }) => id)
    expect(ids).toContain(idOf(byBob))
    expect(ids).toContain(idOf(merge))
  })

  it('gives the state at any event, in pages', async () => {
    const at = { event_id: idOf(byBob), side: 'before' }
    const whole = await inspection.state({ ...inRoom(), at, type: '' })
    expect(whole).toMatchObject({ total: 5, next: '' })
    const paged: string[] = []
    let cursor = ''
    do {
      const page = await inspection.state({ room_id: room.roomId, at, type: '', cursor, limit: 2 })
      paged.push(...page.entries.map(({ event_id: id }) => id))
      cursor = page.next
    } while (cursor !== '')
    expect(paged).toEqual(whole.entries.map(({ event_id: id }) => id))
    const members = await inspection.state({ ...inRoom(), at, type: 'm.room.member' })
    expect(members.entries.map(({ state_key: user }) => user)).toEqual(['@alice:a', '@bob:b'])
  })

  it('tries events that do not exist', async () => {
    const asked = {
      room_id: room.roomId,
      pdu: JSON.stringify({ type: 'm.room.topic', state_key: '', sender: '@bob:b', content: { topic: 'x' } }),
      event_id: '',
      at: '',
      side: '',
    }
    const now = await inspection.whatIf(asked)
    expect(now.check.is_allowed).toBe(false)
    expect(now.answer).toEqual([
      expect.stringContaining('It would not be allowed, by rule v11'),
      'It would be allowed with a power level of 50 for @bob:b (it is 0).',
    ])
    const then = await inspection.whatIf({ ...asked, at: idOf(byBob), side: 'before' })
    expect(then.check.is_allowed).toBe(true)
  })

  it('finds events by sender, type and text', async () => {
    const any = { ...inRoom(), search: '', type: '', sender: '', status: '' }
    const ids = async (asked: Partial<typeof any>) =>
      (await inspection.events({ ...any, ...asked })).events.map(({ event_id: id }) => id)
    expect(await ids({ type: 'm.room.topic' })).toEqual([idOf(byBob), idOf(byAlice)])
    expect(await ids({ type: 'm.room.topic', sender: '@bob:b' })).toEqual([idOf(byBob)])
    expect(await ids({ search: idOf(demotion).slice(1, 20) })).toEqual([idOf(demotion)])
    const first = await inspection.events({ ...any, limit: 2 })
    const second = await inspection.events({ ...any, limit: 2, cursor: first.next })
    expect([...first.events, ...second.events].map(({ event_id: id }) => id)).toEqual(
      room.events
        .slice(-4)
        .map(({ eventId }) => eventId)
        .toReversed(),
    )
  })

  it('exports the room so that it opens again', async () => {
    const { events, next, room_version: version } = await inspection.exportRoom(inRoom())
    expect([version, next]).toEqual(['11', ''])
    expect(events.map(({ event_id: id }) => id)).toEqual(room.events.map(({ eventId }) => eventId))
  })
})
