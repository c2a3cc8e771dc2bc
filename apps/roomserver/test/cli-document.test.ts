import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { beforeAll, expect, it } from 'vitest'
import { folder, Program, run } from './program.ts'

/**
 * The room of `docs/cli.md`: a topic is set on two branches, and loses on one of them; a moderator without the power to tries
 * a ban; a guest has a name that would write backwards and send escapes to a terminal.
 */
async function lunchRoom() {
  const room = await RoomBuilder.create({
    version: '11',
    creator: '@alice:example.org',
    roomId: '!lunch:example.org',
  })
  await room.state('m.room.name', '', { name: 'Lunch' })
  await room.join('@bob:b.example')
  await room.state(
    'm.room.member',
    '@mallory:m.example',
    { membership: 'join', displayname: '\u202eniamda\u001b[2J' },
    { sender: '@mallory:m.example' },
  )
  const levels = await room.state('m.room.power_levels', '', {
    users: { '@alice:example.org': 100, '@bob:b.example': 50 },
    ban: 60,
  })
  const tea = await room.state('m.room.topic', '', { topic: 'Tea at noon' }, { prev: [levels] })
  const coffee = await room.state(
    'm.room.topic',
    '',
    { topic: 'Coffee at one' },
    { sender: '@bob:b.example', prev: [levels] },
  )
  const ban = await room.member('@bob:b.example', '@mallory:m.example', 'ban', { prev: [coffee] })
  const demotion = await room.state(
    'm.room.power_levels',
    '',
    { users: { '@alice:example.org': 100 } },
    { prev: [tea] },
  )
  const merge = await room.message('So what is it?')
  return { room, tea, coffee, ban, demotion, merge }
}

interface Transcript {
  readonly title: string
  readonly text: string
  readonly commands: readonly (readonly string[])[]
}

let lunch: Awaited<ReturnType<typeof lunchRoom>>
let place: string

beforeAll(async () => {
  lunch = await lunchRoom()
  place = folder()
  writeFileSync(join(place, 'lunch.jsonl'), lunch.room.events.map(({ json }) => json).join('\n'))
  mkdirSync(join(place, 'data'))
  expect(await run('replay', '--data', join(place, 'data'), join(place, 'lunch.jsonl'))).toMatchObject({
    status: 0,
  })
})

function transcripts(): readonly Transcript[] {
  const { ban, coffee, demotion, merge, room } = lunch
  const { roomId } = room
  const id = (event: Pdu) => event.eventId
  return [
    {
      title: 'rooms',
      text: 'Which rooms are there, and which cost most?',
      commands: [['rooms'], ['rooms', '--search', 'lunch', '--sort', 'members']],
    },
    {
      title: 'room',
      text: 'What is this room, and is anything unusual about it?',
      commands: [['room', roomId]],
    },
    { title: 'members', text: 'Who is in this room, and what may they do?', commands: [['members', roomId]] },
    { title: 'event', text: 'What does the server know of this event?', commands: [['event', id(ban)]] },
    {
      title: 'events',
      text: 'Which events of the room match?',
      commands: [
        ['events', roomId, '--type', 'm.room.topic'],
        ['events', roomId, '--status', 'rejected'],
      ],
    },
    {
      title: 'explain',
      text: 'Why was this event rejected? Why is the topic as it is? Is anything wrong with this room?',
      commands: [
        ['explain', id(ban)],
        ['explain', roomId, '--key', 'm.room.topic'],
        ['explain', roomId],
      ],
    },
    {
      title: 'history',
      text: 'Who set the topic, and which settings lost?',
      commands: [['history', roomId, 'm.room.topic']],
    },
    {
      title: 'journal',
      text: 'What changed the current state, and why?',
      commands: [['journal', roomId, '--resets']],
    },
    {
      title: 'resolve',
      text: 'How did the state resolution come out, step by step?',
      commands: [['resolve', roomId, '--arrival', id(demotion)]],
    },
    {
      title: 'state',
      text: 'What was the state of the room at this event?',
      commands: [['state', roomId, '--at', id(coffee), '--before']],
    },
    {
      title: 'diff',
      text: 'In what do the states after two events differ?',
      commands: [['diff', roomId, id(coffee), id(merge)]],
    },
    {
      title: 'graph',
      text: 'What does the event graph look like? (`dot` is for the programs of that name, `mermaid` for pages that draw it, `svg` for browsers.)',
      commands: [['graph', roomId, '--format', 'mermaid', '--limit', '5']],
    },
    { title: 'jobs', text: 'What is the server doing, and what does it wait for?', commands: [['jobs']] },
    {
      title: 'export',
      text: 'Take the room along, auth chains included. The command goes on where it was interrupted.',
      commands: [
        ['export', roomId, '--out', 'copy.jsonl'],
        ['export', roomId, '--out', 'copy.jsonl'],
        ['export', roomId, '--tardis', '--around', id(merge), '--limit', '4', '--out', 'merge.json5'],
      ],
    },
  ]
}

/** Those that change rooms of a running server. */
function changes(): readonly Transcript[] {
  const { roomId } = lunch.room
  return [
    {
      title: 'block',
      text: 'Have a room take no events any more. Every command that changes something says first what it would change.',
      commands: [
        ['block', roomId, '--reason', 'spam'],
        ['block', roomId, '--reason', 'spam', '--apply'],
      ],
    },
    { title: 'unblock', text: 'Take its events again.', commands: [['unblock', roomId, '--apply']] },
    {
      title: 'repair',
      text: 'Repair the state or the forward extremities of a room, or ask other servers again for missing events. `--state-from-servers` compares the states that other servers supply.',
      commands: [
        ['repair'],
        ['repair', roomId, '--recompute-state', '--prune-extremities'],
        ['repair', roomId, '--recompute-state', '--apply', '--json'],
      ],
    },
    {
      title: 'purge-history',
      text: 'Delete what lies before an event, or is older than some time. The state of the room and what came since stay, and the room goes on.',
      commands: [
        ['purge-history', roomId, '--older-than', '90d'],
        ['purge-history', roomId, '--before', lunch.merge.eventId],
        ['purge-history', roomId, '--before', lunch.merge.eventId, '--apply'],
      ],
    },
    {
      title: 'purge-room',
      text: 'Delete everything that is stored of a room. The command waits until that is done, and the server goes on with it where the command is interrupted.',
      commands: [
        ['purge-room', roomId],
        ['purge-room', roomId, '--leave-first', '--apply'],
      ],
    },
  ]
}

const HEAD = `# Looking inside rooms from the command line

Every command here reads, and changes nothing, but for the last five. It looks at the store of \`--config\` or \`--data\` (by default \`./data\`), beside a
server that uses it or without one; with \`--url http://host:port\` it asks a running server (its token is read from
\`ROOMSERVER_TOKEN\`); with \`--file FILE…\` it evaluates files of events of any homeserver: JSON Lines, a JSON array, an answer of
\`/state\`, a scenario of TARDIS, gzipped or not. \`--json\` prints the answer of the [inspection API](../packages/inspect/README.md)
for scripts. Tables fit the terminal; colours are for terminals only (\`NO_COLOR\` turns them off). Names of other people are shown
with control characters, direction marks and the like as \`\\u{…}\`.

\`roomserver watch\` shows what comes in all rooms until Ctrl-C, \`roomserver watch ROOM\` what comes in one.

The transcripts below are made by \`vitest run --update=all apps/roomserver/test/cli-document.test.ts\`.
`

it('has transcripts of the commands in docs/cli.md', { timeout: 300_000 }, async () => {
  const sections: string[] = []
  for (const { commands, text, title } of transcripts()) {
    const shown: string[] = []
    for (const command of commands) shown.push(await transcript(command, ['--data', join(place, 'data')]))
    sections.push(section(title, text, shown))
  }
  // A store of its own: the room is gone in the end.
  const changed = join(place, 'changed')
  mkdirSync(changed)
  await run('replay', '--data', changed, join(place, 'lunch.jsonl'))
  await using server = await Program.serving(['--data', changed, '--listen', '127.0.0.1:0'])
  sections.push(await watchSection(server))
  for (const { commands, text, title } of changes()) {
    const shown: string[] = []
    for (const command of commands) {
      const says = await transcript(command, ['--url', server.url])
      shown.push(says.replace('\n', ' --url http://127.0.0.1:7770\n'))
    }
    sections.push(section(title, text, shown))
  }
  await expect(`${HEAD}\n${sections.join('\n')}`).toMatchFileSnapshot('../../../docs/cli.md')
})

/** What is shown of two events that come, one after the other. */
async function watchSection(server: Program): Promise<string> {
  const room = await RoomBuilder.create({
    version: '11',
    creator: '@alice:example.org',
    roomId: '!tea:example.org',
  })
  await room.state('m.room.name', '', { name: 'Tea' })
  await room.join('@bob:b.example')
  await server.post('inputRoomEvents', inputsOf(room))
  await using watch = new Program(['watch', '--url', server.url])
  await expect.poll(() => watch.stderr, { timeout: 60_000 }).toContain('Watching all rooms.')
  for (const sender of ['@alice:example.org', '@bob:b.example']) {
    const event = await room.state('m.room.topic', '', { topic: `Tea of ${sender}` }, { sender })
    await server.post('inputRoomEvents', inputsOf(room))
    await expect.poll(() => watch.stdout, { timeout: 60_000 }).toContain(event.eventId)
  }
  const shown = `$ roomserver watch --url http://127.0.0.1:7770\n${watch.stdout.trimEnd()}`
  return section('watch', 'What comes in all rooms, with its verdict and what it changes?', [shown])
}

function inputsOf({ events, rules }: RoomBuilder): object {
  const input_room_events = events.map(({ eventId, json }) => ({
    kind: 2,
    event: { ...(JSON.parse(json) as object), _room_version: rules.version, _event_id: eventId },
  }))
  return { input_room_events }
}

function section(title: string, text: string, shown: readonly string[]): string {
  return `## ${title}\n\n${text}\n\n\`\`\`text\n${shown.join('\n\n')}\n\`\`\`\n`
}

async function transcript(command: readonly string[], source: readonly string[]): Promise<string> {
  const args = command.map((arg) => (arg === 'copy.jsonl' ? join(place, arg) : arg))
  const { errors, status, text } = await run(...args, ...source)
  expect([errors, status]).toEqual(['', 0])
  const line = command.map((arg) => (/^[\w.-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')
  return `$ roomserver ${line}\n${text.replaceAll(`${place}/`, '').trimEnd()}`
}

it('answers alike from a store and from a file of events', async () => {
  const id = lunch.ban.eventId
  const stored = await run('explain', id, '--data', join(place, 'data'))
  const file = await run('explain', id, '--file', join(place, 'lunch.jsonl'))
  expect(file.text).toBe(stored.text)
  expect(file.text).toContain('Why was')
})

it('sends nothing of what others wrote to the terminal as it is', async () => {
  const source = ['--file', join(place, 'lunch.jsonl')]
  const { roomId } = lunch.room
  for (const command of [
    ['members', roomId],
    ['state', roomId],
    ['graph', roomId, '--format', 'svg'],
    ['events', roomId],
  ]) {
    const { status, text } = await run(...command, ...source)
    expect(status).toBe(0)
    for (const character of ['\u202e', '\u001b']) expect(text).not.toContain(character)
  }
})
