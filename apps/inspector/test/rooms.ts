import { RoomBuilder } from '@roomserver/testing'

/** A room in a file, as people come with it. */
export interface StoryRoom {
  readonly roomId: string
  /** JSON Lines. */
  readonly text: string
}

function storyRoom({ events, roomId }: RoomBuilder): StoryRoom {
  return { roomId, text: events.map(({ json }) => `${json}\n`).join('') }
}

const ALICE = '@alice:one.example'
const BOB = '@bob:two.example'
const CAROL = '@carol:three.example'

async function room(name: string, joinRule = 'public'): Promise<RoomBuilder> {
  const built = await RoomBuilder.create({
    version: '10',
    creator: ALICE,
    roomId: '!story:one.example',
    joinRule,
  })
  await built.state('m.room.name', '', { name })
  return built
}

async function talk(built: RoomBuilder, count: number, senders: readonly string[]): Promise<void> {
  for (let at = 0; at < count; at++) {
    await built.message(`Message ${at + 1}`, { sender: senders[at % senders.length] ?? ALICE })
  }
}

/** Bob sets a topic while Alice bans them; both servers saw their own first. */
export async function lostTopicRoom(): Promise<StoryRoom> {
  const built = await room('Book club')
  await built.join(BOB)
  await built.join(CAROL)
  await built.state('m.room.power_levels', '', { users: { [ALICE]: 100, [BOB]: 50 } })
  await talk(built, 9, [ALICE, BOB, CAROL])
  const agreed = await built.state('m.room.topic', '', { topic: 'Moby-Dick' })
  const ban = await built.member(ALICE, BOB, 'ban', { prev: [agreed] })
  const after = await built.message('Bob is gone', { prev: [ban] })
  const topic = await built.state('m.room.topic', '', { topic: 'Ulysses' }, { sender: BOB, prev: [agreed] })
  const why = 'Why is the topic Moby-Dick again?'
  const both = await built.message(why, { sender: CAROL, prev: [after, topic] })
  const spam = await built.message('buy now', { sender: CAROL, prev: [both] })
  await built.redact(spam)
  await built.message('let me in', { sender: '@mallory:four.example' })
  await talk(built, 12, [ALICE, CAROL])
  await built.message('I am still here', { sender: BOB, prev: [topic] })
  return storyRoom(built)
}

/** Dave tries to join a room that is for invited users. */
export async function closedRoom(): Promise<StoryRoom> {
  const built = await room('Board', 'invite')
  await built.member(ALICE, CAROL, 'invite')
  await built.join(CAROL)
  await talk(built, 3, [ALICE, CAROL])
  await built.join('@dave:four.example')
  await built.message('Where is Dave?')
  return storyRoom(built)
}

/** Bob, a moderator, changes the topic; Alice, who has not seen it, takes Bob's rights away: the old topic is back. */
export async function resetRoom(): Promise<StoryRoom> {
  const built = await room('Town hall')
  await built.join(BOB)
  await built.state('m.room.topic', '', { topic: 'Welcome' })
  const levels = await built.state('m.room.power_levels', '', { users: { [ALICE]: 100, [BOB]: 50 } })
  const fresh = await built.state('m.room.topic', '', { topic: 'Meeting at nine' }, { sender: BOB })
  const seen = await built.message('Thanks, Bob', { sender: BOB, prev: [fresh] })
  const demotion = await built.state(
    'm.room.power_levels',
    '',
    { users: { [ALICE]: 100 } },
    { prev: [levels] },
  )
  await built.message('Good morning', { prev: [seen, demotion] })
  return storyRoom(built)
}

/** Markup, characters that turn text around, control characters, and more than fits a screen. */
export async function hostileRoom(): Promise<StoryRoom> {
  const built = await room('<img src=x onerror="document.title=\'owned\'">\u202eevil\u202c')
  const attack = '</span><script>document.title="owned"</script><b id="owned">'
  await built.state('m.room.topic', '', { topic: attack })
  const displayname = 'Al\u200bice\u0000\u001b[31m'
  await built.state('m.room.member', BOB, { membership: 'join', displayname }, { sender: BOB })
  const content = { 'javascript:alert(1)': attack }
  await built.add({ type: 'm.<b id="owned">\u2066', sender: ALICE, stateKey: attack, content })
  await built.message(`javascript:alert(1) ${attack} ${'A'.repeat(50_000)}`, { sender: BOB })
  await built.message('\u202e\u2028\u2067 the end', { sender: BOB })
  return storyRoom(built)
}

/** A room in which one event is rejected beside its middle, and one at its end; nothing builds on them. */
export async function refusingRoom(
  messages: number,
): Promise<StoryRoom & { readonly afterFirstRefused: string }> {
  const built = await room('Gate')
  await talk(built, messages, [ALICE])
  const middle = await built.message('Halfway', { sender: ALICE })
  await built.message('let me in', { sender: '@mallory:four.example', prev: [middle] })
  const after = await built.message('Go on', { sender: ALICE, prev: [middle] })
  let last = after
  for (let at = 0; at < messages; at++) {
    last = await built.message(`Later ${at}`, { sender: ALICE, prev: [last] })
  }
  await built.message('and me', { sender: '@trudy:four.example', prev: [last] })
  return { ...storyRoom(built), afterFirstRefused: after.eventId }
}

/** A room in which much was said, with a fork every 50 messages; the last event is rejected. */
export async function longRoom(messages: number): Promise<StoryRoom> {
  const built = await room('Plaza')
  const users = Array.from({ length: 20 }, (_, at) => `@user${at}:two.example`)
  for (const user of users) await built.join(user)
  for (let at = 0; at < messages; at++) {
    const sender = users[at % users.length] ?? ALICE
    const prev = built.extremities
    if (at % 50 < 49) await built.message(`Message ${at}`, { sender })
    else {
      const side = await built.message('elsewhere', { sender, prev })
      const main = await built.message('here', { sender: ALICE, prev })
      await built.message('together', { sender, prev: [main, side] })
    }
  }
  await built.message('let me in', { sender: '@mallory:four.example' })
  return storyRoom(built)
}
