import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { opened } from './opened.ts'

const about = (event_id: string) => ({ room_id: '', event_id, type: '', state_key: '' })

/** IDs differ with the content; the sentences do not. */
const named = (texts: readonly string[]) => texts.map((text) => text.replaceAll(/\$[\w-]{43}/g, '$id'))

it('explains to a moderator why their ban was rejected, and what it would have taken', async () => {
  const room = await RoomBuilder.create({ version: '11' })
  await room.join('@mod:b')
  await room.join('@troll:c')
  await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, '@mod:b': 20 } })
  const ban = await room.add({
    type: 'm.room.member',
    stateKey: '@troll:c',
    sender: '@mod:b',
    content: { membership: 'ban' },
  })
  const inspection = await opened(room.events)
  const explained = await inspection.explain(about(ban.eventId))
  expect(named([explained.question, explained.answer])).toEqual([
    'Why was $id rejected?',
    'The events that it names as its auth events do not allow it: @mod:b has level 20, banning @troll:c needs 50 and more than 0.',
  ])
  expect(explained.rule).toMatchObject({ rule: 'v11 4.6.3', url: expect.stringContaining('/rooms/v11/') })
  expect(explained.needed).toEqual([
    'It would have been allowed with a power level of 50 for @mod:b (it is 20).',
  ])
  expect(named(explained.happened)[0]).toBe(
    "@mod:b set the membership of @troll:c (membership: ban) at 2023-11-14 22:13:28 UTC by their server's clock. The event builds on one prev event.",
  )
})

it('explains to a user why they cannot join', async () => {
  const room = await RoomBuilder.create({ version: '11', joinRule: 'invite' })
  const inspection = await opened(room.events)
  const explained = await inspection.explain({
    room_id: room.roomId,
    event_id: '',
    type: 'm.room.member',
    state_key: '@carol:c',
  })
  expect(explained.answer).toBe('The membership of @carol:c is not in the current state of the room.')
  expect(explained.happened.at(-1)).toMatch(/^A join of @carol:c would not be allowed now, by rule v11 4\.3/)
  expect(explained.needed).toEqual([
    'It would be allowed with the membership `invite` for @carol:c (it is none).',
    'It would be allowed with the join rule `public` (it is `invite`).',
  ])
})

it('explains a state reset: a branch that was held back brings an older state event back', async () => {
  const room = await RoomBuilder.create({ version: '11' })
  await room.join('@bob:b')
  const fork = await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, '@bob:b': 50 } })
  await room.state('m.room.topic', '', { topic: 'new' }, { sender: '@bob:b' })
  // On a branch that arrives late, Alice had taken the level of Bob away.
  const demotion = await room.add({
    type: 'm.room.power_levels',
    stateKey: '',
    sender: '@alice:a',
    content: { users: { '@alice:a': 100 } },
    prev: [fork],
  })
  const inspection = await opened(room.events)
  const { entries } = await inspection.journal({
    room_id: room.roomId,
    resets_only: true,
    type: '',
    state_key: '',
    cursor: '',
    limit: 0,
  })
  expect(entries).toMatchObject([
    {
      type: 'm.room.topic',
      to: null,
      is_reset: true,
      cause: 'resolution',
      cause_event: { event_id: demotion.eventId },
    },
  ])
  const explained = await inspection.explain({
    room_id: room.roomId,
    event_id: '',
    type: 'm.room.topic',
    state_key: '',
  })
  expect(explained.answer).toBe('The topic is not in the current state of the room.')
  expect(named(explained.happened)).toEqual([
    expect.stringMatching(/@bob:b: topic: new \(\$id\)\. Replaced\. .*state reset: the entry disappeared\.$/),
    expect.stringMatching(
      /^In the state resolution at \$id: No candidate was allowed\. \$id was not allowed by v11 .*@bob:b has level 0/,
    ),
  ])
})

it('says of a whole room what is unusual about it', async () => {
  const room = await RoomBuilder.create({ version: '11' })
  const inspection = await opened(room.events)
  const explained = await inspection.explain({ room_id: room.roomId, event_id: '', type: '', state_key: '' })
  expect(explained).toMatchObject({
    answer: 'Nothing unusual: 4 events, one joined member, one branch.',
    happened: [],
  })
})

it('speaks of rules and levels in the plural', async () => {
  const room = await RoomBuilder.create({ version: '11' })
  const inspection = await opened(room.events)
  const ask = (type: string) =>
    inspection.explain({ room_id: room.roomId, event_id: '', type, state_key: '' })
  expect((await ask('m.room.power_levels')).question).toBe('Why are the power levels as they are?')
  expect((await ask('m.room.join_rules')).question).toBe('Why are the join rules as they are?')
  const { entries } = await inspection.journal({
    room_id: room.roomId,
    resets_only: false,
    type: '',
    state_key: '',
    cursor: '',
    limit: 100,
  })
  expect(entries.map(({ says }) => says).join(' ')).toContain('The join rules were set by @alice:a')
})
