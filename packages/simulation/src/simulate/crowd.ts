import type { Pdu } from '@roomserver/events'
import { NO_NID } from '@roomserver/types'
import { ROOM_VERSIONS, roomVersion } from '@roomserver/version'
import {
  createEvent,
  endOf,
  eventOn,
  inputOf,
  member,
  refOf,
  type RoomEnd,
  type EventTemplate,
} from './compose.ts'
import { withEvent } from './side-branch.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { announce, deliverDue } from './transport.ts'
import { join } from './users.ts'
import type { World } from './world.ts'

/** More rooms than a server decides upon in one portion, and than it repairs at a time. */
const ROOMS = 14
/** More events than a room processes at once, and than are fetched for a gap. */
const LENGTH = 220
/** One world in so many has a crowd. */
const EVERY = 16
const VERSIONS = [...ROOM_VERSIONS.keys()]

export function hasCrowd(seed: number): boolean {
  return seed % EVERY === 1
}

/** A room of the crowd, how its speaker sees it. */
interface CrowdRoom {
  end: RoomEnd
  /** A topic that is redacted later, and the listener knows as part of the room's state. */
  readonly topic: Pdu
}

/** Who makes the rooms and speaks in them, and who hears of it. */
interface Crowd {
  readonly world: World
  readonly speaker: SimulatedServer
  readonly listener: SimulatedServer
  readonly rooms: readonly CrowdRoom[]
}

/**
 * Many rooms at once, between two healthy servers: arriving events are stored, and events that wait for something that is
 * there goes on, however many rooms are ready, or lack something, at the same moment. Each request has an event of each
 * room.
 */
export async function crowd(world: World): Promise<void> {
  const [speaker, listener] = world.honest
  if (speaker === undefined || listener === undefined || world.isStuck) return
  const rooms = await openRooms(world, speaker)
  const [user] = listener.users
  for (const { end } of rooms) if (user !== undefined) await join(world, listener, user, end.roomId)
  const all = { world, speaker, listener, rooms }
  await lookAgain(all)
  await waitTogether(all)
  await fillGaps(all)
  await growLong(all)
  await redactAndRepeat(all)
  await announce(world, speaker)
  while (!world.network.isIdle && !world.isStuck) {
    world.network.pass(1000)
    await deliverDue(world)
  }
}

/** Rooms with their first events, all given to their server in one request. */
async function openRooms(world: World, speaker: SimulatedServer): Promise<readonly CrowdRoom[]> {
  const rooms: CrowdRoom[] = []
  const said: Pdu[] = []
  const creator = speaker.users[0] ?? ''
  for (let number = 0; number < ROOMS; number++) {
    // Where the room ID is made of the create event, two of the same moment would be one room.
    world.network.pass(1)
    const rules = roomVersion(VERSIONS[number % VERSIONS.length] ?? '')
    if (rules === undefined) continue
    const id = rules.roomId === 'create-hash' ? undefined : `!${world.dice.text(10)}:${speaker.name}`
    const create = await createEvent(rules, id, creator, world.author(speaker))
    if (create === undefined) continue
    said.push(create)
    const end = { rules, roomId: create.roomId, latest: [refOf(create)], depth: 2, state: [create] }
    const room: { end: RoomEnd } = { end }
    const levels = rules.auth.creatorsOutrankAll ? {} : { users: { [creator]: 100 } }
    said.push(...(await speak(world, speaker, room, member(creator, creator, 'join'))))
    said.push(...(await speak(world, speaker, room, state(creator, 'm.room.power_levels', levels))))
    said.push(...(await speak(world, speaker, room, state(creator, 'm.room.join_rules', OPEN))))
    const [topic] = await speak(world, speaker, room, state(creator, 'm.room.topic', { topic: 'secret' }))
    if (topic === undefined) continue
    said.push(topic)
    rooms.push({ ...room, topic })
  }
  world.figures.rooms += rooms.length
  await give(world, speaker, said)
  return rooms
}

const OPEN = { join_rule: 'public' }

function state(sender: string, type: string, content: EventTemplate['content']): EventTemplate {
  return { type, sender, stateKey: '', content }
}

/** Says something upon a room, of which its server is not told yet. */
async function speak(
  world: World,
  speaker: SimulatedServer,
  room: { end: RoomEnd },
  template: EventTemplate,
): Promise<readonly Pdu[]> {
  const { end } = room
  const event = await eventOn(end, template, world.author(speaker))
  if (event === undefined) return []
  world.learn(event)
  room.end = { ...end, latest: [refOf(event)], depth: end.depth + 1, state: withEvent(end.state, event) }
  return [event]
}

/** The ends of the rooms as they are now that the other server has joined. */
async function lookAgain({ speaker, rooms }: Crowd): Promise<void> {
  for (const room of rooms) {
    room.end = (await speaker.call((api) => endOf(api, room.end.roomId))) ?? room.end
  }
}

/**
 * Events of each room want others, which nobody gives, and come in once those have come by themselves: two want the same
 * one, and one wants another that comes with it.
 */
async function waitTogether({ world, speaker, listener, rooms }: Crowd): Promise<void> {
  const [wanted, some, others]: [Pdu[], Pdu[], Pdu[]] = [[], [], []]
  for (const room of rooms) {
    const branch = { end: room.end }
    wanted.push(...(await message(world, speaker, room)), ...(await message(world, speaker, branch)))
    const twig = { end: room.end }
    some.push(...(await message(world, speaker, room)))
    others.push(...(await message(world, speaker, branch)), ...(await message(world, speaker, twig)))
    const latest = [room, branch, twig].flatMap(({ end }) => end.latest)
    room.end = { ...room.end, latest }
  }
  await give(world, speaker, [...wanted, ...some, ...others])
  world.network.part(listener.name)
  for (const events of [some, others, some]) await give(world, listener, events, speaker.name)
  await give(world, listener, wanted, speaker.name)
  world.network.heal()
  await expectHeld(world, listener, [...wanted, ...some, ...others])
}

/** In each room some events are lost, and have to be asked for. */
async function fillGaps({ world, speaker, listener, rooms }: Crowd): Promise<void> {
  const said: Pdu[] = []
  const heard: Pdu[] = []
  for (const room of rooms) {
    for (let lost = 0; lost < 3; lost++) said.push(...(await message(world, speaker, room)))
    heard.push(...(await message(world, speaker, room)))
  }
  await give(world, speaker, [...said, ...heard])
  await give(world, listener, heard, speaker.name)
  await expectHeld(world, listener, [...said, ...heard])
}

/** In one room much is said at once; first only the last of it is heard. */
async function growLong({ world, speaker, listener, rooms: [room] }: Crowd): Promise<void> {
  if (room === undefined) return
  const said: Pdu[] = []
  for (let number = 0; number < LENGTH; number++) said.push(...(await message(world, speaker, room)))
  await give(world, speaker, said)
  await give(world, listener, said.slice(-1), speaker.name)
  await give(world, listener, said, speaker.name)
  await expectHeld(world, listener, said)
}

/** What was redacted comes again as it was. */
async function redactAndRepeat({ world, speaker, listener, rooms }: Crowd): Promise<void> {
  const said: Pdu[] = []
  for (const room of rooms.slice(0, VERSIONS.length)) {
    const redaction = { type: 'm.room.redaction', sender: speaker.users[0] ?? '', content: {} }
    said.push(...(await speak(world, speaker, room, { ...redaction, redacts: room.topic.eventId })))
  }
  const topics = rooms.slice(0, VERSIONS.length).map(({ topic }) => topic)
  for (const server of [speaker, listener]) {
    await give(world, server, said, speaker.name)
    await give(world, server, topics, speaker.name)
  }
  await expectHeld(world, listener, [...said, ...topics])
}

function message(world: World, speaker: SimulatedServer, room: { end: RoomEnd }): Promise<readonly Pdu[]> {
  const content = { body: world.dice.text(5), msgtype: 'm.text' }
  return speak(world, speaker, room, { type: 'm.room.message', sender: speaker.users[0] ?? '', content })
}

/**
 * Gives events to a server, all in one request.
 *
 * @param origin - the server that sent them; none: its own
 */
async function give(
  world: World,
  server: SimulatedServer,
  events: readonly Pdu[],
  origin?: string,
): Promise<void> {
  for (const event of events) world.learn(event)
  const own = origin === undefined ? { send_as_server: server.name } : { origin }
  const request = { input_room_events: events.map((event) => inputOf(event, own)), async: false }
  await server.call((api) => api.inputRoomEvents(request))
}

/** Events that can be had are in the graph, and nothing of their rooms waits any more. */
async function expectHeld(world: World, server: SimulatedServer, events: readonly Pdu[]): Promise<void> {
  if (world.isStuck) return
  const stored = await server.storage.eventsById(events.map(({ eventId }) => eventId))
  const held = new Set(stored.filter(({ before }) => before !== NO_NID).map(({ eventId }) => eventId))
  for (const { eventId } of events) {
    if (!held.has(eventId))
      world.problem(`${server.name}: ${eventId} did not come in, and nothing keeps it out`)
  }
  for (const { eventId } of server.waiting) {
    if (held.has(eventId)) world.problem(`${server.name} still tries to repair ${eventId}, which it has`)
  }
}
