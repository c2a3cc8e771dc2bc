import type { RoomserverApi } from '@roomserver/api'
import { authStateOf, selectAuthEvents } from '@roomserver/auth'
import type { EventDraft, Pdu } from '@roomserver/events'
import {
  endOf,
  eventOn,
  inputOf,
  isAllowedAt,
  isJoined,
  parsedEvent,
  refOf,
  type RoomEnd,
  type EventTemplate,
} from './compose.ts'
import { stateAfter } from './side-branch.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { misuseAddress } from './third-party.ts'
import { announce } from './transport.ts'
import type { OldState, World } from './world.ts'

/** A liar in a room: what it sees of it, and who of its users speaks. */
interface Scene {
  readonly world: World
  readonly liar: SimulatedServer
  readonly end: RoomEnd
  readonly sender: string
}

type Lie = (scene: Scene) => Promise<void>

/** Lets a dishonest server tell one lie in a room that it is in. */
export async function lie(world: World, liar: SimulatedServer): Promise<void> {
  const roomId = world.dice.maybe(world.rooms)
  const end = roomId === undefined ? undefined : await liar.call((api) => endOf(api, roomId))
  const sender = end && (liar.users.find((user) => isJoined(end, user)) ?? world.dice.pick(liar.users))
  if (end === undefined || sender === undefined) return
  world.figures.lies++
  await world.dice.pick(LIES)({ world, liar, end, sender })
}

/** In the name of a user of another server, signed by the liar. */
async function forgeSender(scene: Scene): Promise<void> {
  const victim = scene.world.dice.pick(scene.world.honest.flatMap(({ users }) => users))
  await tell(scene, await made(scene, { ...topic(scene), sender: victim }))
}

/** Builds on events that do not exist. */
async function makeUpPrev(scene: Scene): Promise<void> {
  const prevEvents = [{ eventId: noEvent(scene), sha256: '' }, ...scene.end.latest]
  await tell(scene, await made(scene, message(scene), { prevEvents }))
}

/** Cites events that do not exist. */
async function makeUpAuth(scene: Scene): Promise<void> {
  const authEvents = [{ eventId: noEvent(scene), sha256: '' }]
  await tell(scene, await made(scene, topic(scene), { authEvents }))
}

/** Cites other events than it should: some left out, or state that has nothing to do with it. */
async function referenceWrongly(scene: Scene): Promise<void> {
  const { dice } = scene.world
  const authEvents = scene.end.state
    .filter(() => dice.chance(60))
    .map(refOf)
    .slice(0, 9)
  await tell(scene, await made(scene, topic(scene), { authEvents }))
}

/** Does what the levels do not let it do, or calls a state its own that is not. */
async function overstep(scene: Scene): Promise<void> {
  const { world, sender } = scene
  const victim = world.dice.pick(world.honest.flatMap(({ users }) => users))
  const template = world.dice.pick<EventTemplate>([
    { type: 'm.room.power_levels', sender, stateKey: '', content: { users: { [sender]: 100 } } },
    { type: 'm.room.member', sender, stateKey: victim, content: { membership: 'ban' } },
    { type: 'm.room.member', sender, stateKey: sender, content: { membership: 'join' } },
    { type: 'm.room.create', sender, stateKey: '', content: { creator: sender } },
    { type: 'org.example.own', sender, stateKey: victim, content: {} },
  ])
  await tell(scene, await made(scene, template))
}

/** Levels as strings, which old room versions take. */
async function levelsAsStrings(scene: Scene): Promise<void> {
  const { end, sender, world } = scene
  const old = end.state.find((event) => event.type === 'm.room.power_levels')?.content ?? {}
  const name = world.dice.pick(['state_default', 'users_default', 'ban', 'events_default'])
  const content = { ...old, [name]: world.dice.pick(['0', ' 50 ', '+25', '1e2', 'x', '-1']) }
  await tell(scene, await made(scene, { type: 'm.room.power_levels', sender, stateKey: '', content }))
}

/** Different events in the same place for different servers. */
async function equivocate(scene: Scene): Promise<void> {
  const { world } = scene
  const [first, second] = [await made(scene, topic(scene)), await made(scene, topic(scene))]
  for (const server of world.honest) await tell(scene, world.dice.chance(50) ? first : second, [server])
}

/** Builds on the past, as if what came after had not been said: the way around a ban. */
async function branchOff(scene: Scene): Promise<void> {
  const { end, liar, world } = scene
  const past = world.dice.maybe([...world.events.values()].filter((event) => event.roomId === end.roomId))
  const rules = end.rules
  const before = past && (await liar.call((api) => stateAfter(api, end, past)))
  if (past === undefined || before === undefined || before.length === 0) return
  const template = world.dice.chance(50) ? topic(scene) : message(scene)
  const authEvents = selectAuthEvents({ stateKey: undefined, ...template }, authStateOf(before), rules).map(
    refOf,
  )
  const change = { prevEvents: [refOf(past)], authEvents, depth: 1 }
  await tell(scene, await made(scene, template, change))
}

/** Lets somebody in by the invite of an address, for which it takes the word of the identity server. */
async function misuseInvite(scene: Scene): Promise<void> {
  const { end, liar, sender, world } = scene
  await tell(scene, await made(scene, await misuseAddress(world, end, sender, liar.key)))
}

/** Claims a depth that has nothing to do with the graph. */
async function lieAboutDepth(scene: Scene): Promise<void> {
  const depth = scene.world.dice.pick([0, 1, 2 ** 40, Number.MAX_SAFE_INTEGER, 2 ** 62])
  await tell(scene, await made(scene, topic(scene), { depth }))
}

/** As large as events may be. */
async function inflate(scene: Scene): Promise<void> {
  const content = { body: 'x'.repeat(63_000), msgtype: 'm.text' }
  await tell(scene, await made(scene, { type: 'm.room.message', sender: scene.sender, content }))
}

/** A long history that nobody heard of, of which only the end is sent. */
async function hideHistory(scene: Scene): Promise<void> {
  const { liar, world, sender } = scene
  let { end } = scene
  let last: Pdu | undefined
  for (let length = 0; length < 30; length++) {
    const event = await eventOn(end, { ...message(scene), sender }, world.author(liar))
    if (event === undefined || !isAllowedAt(end, event)) return
    world.learn(event)
    await liar.call((api) => api.inputRoomEvents({ input_room_events: [inputOf(event)], async: false }))
    await announce(world, liar)
    end = { ...end, latest: [refOf(event)], depth: Math.min(event.depth + 1, Number.MAX_SAFE_INTEGER) }
    last = event
  }
  await tell(scene, last)
}

/** Begins a second history, and joins it to the room. */
async function beginAnew(scene: Scene): Promise<void> {
  const { dice } = scene.world
  const depth = dice.pick([1, scene.end.depth])
  const root = await made(scene, dice.pick([message, topic])(scene), { prevEvents: [], depth })
  if (root === undefined) return
  await tell(scene, root)
  await tell(scene, await made(scene, message(scene), { prevEvents: [refOf(root), ...scene.end.latest] }))
}

/** Builds upon the latest of one server and upon nothing, and tells a state of the past to who asks what was before that. */
async function rollBack(scene: Scene): Promise<void> {
  const { end, liar, sender, world } = scene
  const victim = world.dice.pick(world.honest)
  const theirs = await victim.call((api) => endOf(api, end.roomId))
  const past = world.dice.maybe(world.eventsOf(end.roomId))
  const old = past && (await liar.call((api) => oldState(api, liar, past)))
  if (theirs === undefined || old === undefined || !isJoined(theirs, sender)) return
  const nothing = { eventId: noEvent(scene), sha256: '' }
  const prevEvents = [...theirs.latest.slice(0, MAX_NAMED), nothing]
  const event = await eventOn(theirs, message(scene), world.author(liar), { prevEvents })
  if (event === undefined) return
  world.rolledBack.set(event.eventId, old)
  await tell(scene, event, [victim])
}

/** How many events of others one names beside what does not exist. */
const MAX_NAMED = 19

/** The state after an event, as a server has it. */
async function oldState(
  api: Pick<RoomserverApi, 'queryStateAndAuthChain'>,
  { name }: SimulatedServer,
  { roomId, eventId, rules }: Pdu,
): Promise<OldState | undefined> {
  const answer = await api.queryStateAndAuthChain({
    room_id: roomId,
    prev_event_ids: [eventId],
    auth_event_ids: [],
    only_fetch_auth_chain: false,
    resolve_state: true,
  })
  const parsed = (events: readonly { readonly json: string }[]) =>
    events.map(({ json }) => parsedEvent(json, rules.version)).filter((event) => event !== undefined)
  if (!answer.prev_events_exist || answer.state_events.length === 0) return undefined
  return { liar: name, state: parsed(answer.state_events), chain: parsed(answer.auth_chain_events) }
}

const LIES: readonly Lie[] = [
  forgeSender,
  makeUpPrev,
  makeUpAuth,
  referenceWrongly,
  overstep,
  overstep,
  levelsAsStrings,
  equivocate,
  equivocate,
  branchOff,
  branchOff,
  misuseInvite,
  lieAboutDepth,
  inflate,
  hideHistory,
  beginAnew,
  rollBack,
  rollBack,
]

/** What a dishonest server makes of an answer: items left out, repeated, or no items at all but text. */
export function twister(world: World): (items: readonly string[]) => readonly string[] {
  return (items) => {
    const { dice } = world
    if (!dice.chance(world.trouble.spoiled)) return items
    world.figures.lies++
    const kind = dice.below(4)
    if (kind === 0) return items.filter(() => dice.chance(50))
    if (kind === 1) return Array.from({ length: 50 }, () => items).flat()
    if (kind === 2) return items.map((item) => (dice.chance(30) ? '{"type":"m.room.message"}' : item))
    return [...items].reverse()
  }
}

function message({ sender, world }: Scene): EventTemplate {
  return { type: 'm.room.message', sender, content: { body: world.dice.text(5), msgtype: 'm.text' } }
}

function topic({ sender, world }: Scene): EventTemplate {
  return { type: 'm.room.topic', sender, stateKey: '', content: { topic: world.dice.text(5) } }
}

function noEvent({ end, world }: Scene): string {
  const text = world.dice.text(43)
  return end.rules.eventId === 'domain' ? `$${text}:nowhere` : `$${text}`
}

function made(
  { end, liar, world }: Scene,
  template: EventTemplate,
  change: Partial<EventDraft> = {},
): Promise<Pdu | undefined> {
  return eventOn(end, template, world.author(liar), change)
}

/** Sends an event past the liar's own room server. */
async function tell(
  { end, liar, world }: Scene,
  event: Pdu | undefined,
  to: readonly SimulatedServer[] = world.honest,
): Promise<void> {
  if (event === undefined) return
  world.learn(event)
  for (const server of to) {
    const message = { from: liar.name, to: server.name, roomVersion: end.rules.version, json: event.json }
    world.network.send(message, world.dice)
  }
}
