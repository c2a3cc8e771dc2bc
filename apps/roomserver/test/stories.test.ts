import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { folder, run } from './program.ts'

/** Part of a story: a paragraph, and the command that finds out what the next one tells. */
interface Step {
  readonly text: string
  readonly command: readonly string[]
  /** What the answer has to say; the story would not be true otherwise. */
  readonly says: string
}

/** A story of a room that broke, told with commands on the file of its events. */
async function story(room: RoomBuilder, file: string, begin: string, steps: readonly Step[], end: string) {
  const path = join(folder(), file)
  writeFileSync(path, room.events.map(({ json }) => json).join('\n'))
  const parts = [begin]
  for (const { command, says, text } of steps) {
    const { errors, status, text: answer } = await run(...command, '--file', path)
    expect([errors, status]).toEqual(['', 0])
    expect(answer.replaceAll(/\s+/g, ' ')).toContain(says)
    const line = [...command, '--file', file]
      .map((arg) => (/^[\w.-]+$/.test(arg) ? arg : `'${arg}'`))
      .join(' ')
    parts.push(text, `\`\`\`text\n$ roomserver ${line}\n${answer.trimEnd()}\n\`\`\``)
  }
  return `${[...parts, end].join('\n\n')}\n`
}

const id = (event: Pdu) => event.eventId

it('tells of a topic that disappeared', async () => {
  const room = await RoomBuilder.create({
    version: '11',
    creator: '@alice:a.example',
    roomId: '!office:a.example',
  })
  await room.join('@bob:b.example')
  const levels = await room.state('m.room.power_levels', '', {
    users: { '@alice:a.example': 100, '@bob:b.example': 50 },
  })
  await room.state('m.room.topic', '', { topic: 'Moved to the new office' }, { sender: '@bob:b.example' })
  const demotion = await room.state(
    'm.room.power_levels',
    '',
    { users: { '@alice:a.example': 100 } },
    { prev: [levels] },
  )
  const page = await story(
    room,
    'office.jsonl',
    `# The topic that disappeared

Bob, a moderator, set a topic, and everybody saw it. Hours later it was gone, and nobody had touched it. Alice's server had been
cut off from the others meanwhile; what happened there arrived late. Such a *state reset* is among the oldest complaints about
Matrix rooms: an entry of the state goes back to what it was, or disappears, without an event that says so.`,
    [
      {
        text: 'First: is anything unusual about the room?',
        command: ['explain', room.roomId],
        says: 'state reset',
      },
      {
        text: 'There is a state reset. What happened to the topic?',
        command: ['explain', room.roomId, '--key', 'm.room.topic'],
        says: '@bob:b.example has level 0',
      },
      {
        text: 'So the state resolution removed it. The steps, one by one:',
        command: ['resolve', room.roomId, '--arrival', id(demotion)],
        says: 'not allowed',
      },
    ],
    `Alice had taken Bob's power level away, on a branch of the event graph that the other servers did not know. State resolution
orders changes of power before everything else: whatever happened on other branches meanwhile is checked against the new power
levels. Bob's topic does not pass, and as there was none before, the room has no topic any more. Every server that knows the
events comes to that result; the room is not damaged. Somebody with the power to can set the topic again.`,
  )
  await expect(page).toMatchFileSnapshot('../../../docs/stories/the-topic-that-disappeared.md')
})

it('tells of a user who could not join', async () => {
  const room = await RoomBuilder.create({
    version: '11',
    creator: '@alice:a.example',
    roomId: '!garden:a.example',
  })
  await room.join('@bob:b.example')
  await room.member('@alice:a.example', '@bob:b.example', 'ban')
  const attempt = await room.join('@bob:b.example')
  const page = await story(
    room,
    'garden.jsonl',
    `# The user who could not join

Bob cannot get into a public room: the client shows an error, and the server's log has nothing.`,
    [
      {
        text: 'What is the membership of Bob, and could Bob join now?',
        command: ['explain', room.roomId, '--key', 'm.room.member,@bob:b.example'],
        says: 'would not be allowed now',
      },
      {
        text: 'The last attempt is there, rejected. By which rule, and what would it have taken?',
        command: ['explain', id(attempt)],
        says: 'It would have been allowed',
      },
      {
        text: 'Who set the ban, and when?',
        command: ['history', room.roomId, 'm.room.member', '@bob:b.example'],
        says: 'membership: ban',
      },
    ],
    `Bob is banned; that the join rule is public does not matter then. A moderator has to lift the ban (with a membership \`leave\`),
and then Bob can join.`,
  )
  await expect(page).toMatchFileSnapshot('../../../docs/stories/the-user-who-could-not-join.md')
})

it('tells of a moderator who lost their power level', async () => {
  const room = await RoomBuilder.create({
    version: '11',
    creator: '@alice:a.example',
    roomId: '!club:a.example',
  })
  await room.join('@bob:b.example')
  const carol = await room.join('@carol:c.example')
  const both = await room.state(
    'm.room.power_levels',
    '',
    { users: { '@alice:a.example': 100, '@bob:b.example': 100 } },
    { prev: [carol] },
  )
  const promotion = await room.state(
    'm.room.power_levels',
    '',
    { users: { '@alice:a.example': 100, '@bob:b.example': 100, '@carol:c.example': 50 } },
    { sender: '@bob:b.example', prev: [both] },
  )
  const other = await room.state(
    'm.room.power_levels',
    '',
    { users: { '@alice:a.example': 100, '@bob:b.example': 100 }, ban: 75 },
    { prev: [both] },
  )
  const kick = await room.member('@carol:c.example', '@dave:d.example', 'ban', { prev: [promotion] })
  await room.message('Welcome, Carol', { prev: [other, kick] })
  const page = await story(
    room,
    'club.jsonl',
    `# The moderator who lost their power level

Bob made Carol a moderator. Minutes later Carol was none any more, without a demotion.`,
    [
      {
        text: 'Who set the power levels when, and what became of each setting?',
        command: ['history', room.roomId, 'm.room.power_levels'],
        says: 'the state resolution decided',
      },
      {
        text: 'Alice changed the power levels at the same time. What did the state resolution make of the two?',
        command: ['resolve', room.roomId, '--arrival', id(other)],
        says: 'm.room.power_levels',
      },
      {
        text: 'In what do the two settings differ?',
        command: ['diff', room.roomId, id(promotion), id(other)],
        says: 'm.room.power_levels',
      },
    ],
    `Power levels are one event for the whole room: whoever changes anything in it sends all of it. Alice wanted to raise the level
that a ban takes; Alice's client had not seen Carol's promotion yet, so that event does not have it. Both events are allowed, and the
state resolution takes the one that comes last in its order. Bob has to promote Carol again.`,
  )
  await expect(page).toMatchFileSnapshot('../../../docs/stories/the-moderator-who-lost-their-power-level.md')
})
