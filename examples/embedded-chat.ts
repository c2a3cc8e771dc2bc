// A chat inside of another program: the engine in one call, a live subscription, and one that goes on where it was.
import { openEngine } from '@roomserver/engine'

await using rooms = await openEngine({ serverName: 'example.org', store: ':memory:' })
const [alice, bob] = ['@alice:example.org', '@bob:example.org']
const room = await rooms.createRoom(alice, { preset: 'public_chat', name: 'Tea' })
await rooms.join(room, bob)
let position = await rooms.position()

/** Prints what is said until somebody says goodbye, and remembers where it was. */
async function listen(name: string): Promise<void> {
  for await (const output of rooms.subscribe({ from: position, room })) {
    position = output.position
    const said = output.event?.content['body']
    console.log(`${name}:`, output.event?.sender, said)
    if (said === 'goodbye') return
  }
}

const say = (user: string, body: string) =>
  rooms.send(room, user, 'm.room.message', { msgtype: 'm.text', body })
const listening = listen('live')
await say(alice, 'hello')
await say(bob, 'goodbye')
await listening

await say(alice, 'still there?')
await say(bob, 'goodbye')
await listen('later')
const { events } = await rooms.messages(room, { limit: 2 })
console.log(events.map(({ content }) => content['body']))
