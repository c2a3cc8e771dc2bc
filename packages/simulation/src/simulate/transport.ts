import { type Pdu, verifySignatures } from '@roomserver/events'
import { serverOf } from '@roomserver/types'
import { inputOf, parsedEvent } from './compose.ts'
import type { Message } from './network.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { bodyOf, type World } from './world.ts'

const PAGE = 500

export async function announceAll(world: World): Promise<void> {
  for (const server of world.servers) await announce(world, server)
}

/** Gives what a server has announced to the network, as far as it is to be sent on. */
export async function announce(world: World, server: SimulatedServer): Promise<void> {
  if (!server.takeNews()) return
  const audiences = new Map<string, ReadonlySet<string>>()
  for (;;) {
    const outputs = await server.storage.outputs(server.outputsRead, PAGE)
    for (const output of outputs) {
      server.outputsRead = output.position
      if (output.kind === 'old_room_event' && output.eventId !== undefined) server.shown.add(output.eventId)
      if (output.kind === 'new_inbound_peek') server.addPeeker(output.roomId, bodyOf(output.body).peeker)
      if (output.kind !== 'new_room_event' || output.eventJson === undefined) continue
      const { sendAsServer, rewrites } = bodyOf(output.body)
      const { roomId } = output
      const event = parsedEvent(output.eventJson, output.version)
      if (rewrites && event !== undefined) {
        server.cameBack.set(roomId, [...(server.cameBack.get(roomId) ?? []), event])
      }
      if (event !== undefined && !world.events.has(event.eventId)) world.learn(event)
      const now = audiences.get(roomId) ?? (await world.audienceOf(server, roomId))
      audiences.set(roomId, now)
      const before = server.audience.get(roomId) ?? now
      server.audience.set(roomId, now)
      if (sendAsServer !== server.name) continue
      for (const to of [
        ...new Set([...before, ...now, ...server.peekersOf(roomId), ...concerned(event)]),
      ].toSorted()) {
        if (to === server.name) continue
        const message = { from: server.name, to, roomVersion: output.version, json: output.eventJson }
        world.network.send(message, world.dice)
      }
      if (event !== undefined && isClosing(event)) server.dropPeekers(roomId)
    }
    if (outputs.length < PAGE) return
  }
}

/** Whether a room is not open to the world any more, so that other servers hear nothing more of what they peek into. */
function isClosing({ type, content }: Pdu): boolean {
  return type === 'm.room.history_visibility' && content['history_visibility'] !== 'world_readable'
}

/** The server of a user whose invite is withdrawn receives that, even if it is not in the room. */
function concerned(event: Pdu | undefined): readonly string[] {
  const server = event && isEnd(event) ? serverOf(event.stateKey ?? '') : undefined
  return server === undefined ? [] : [server]
}

/**
 * Delivers all messages that have arrived.
 *
 * @returns how many
 */
export async function deliverDue(world: World): Promise<number> {
  let delivered = 0
  for (let message = world.network.nextDue(); message !== undefined; message = world.network.nextDue()) {
    const server = world.server(message.to)
    if (server === undefined) continue
    const isTaken = await receive(world, server, message)
    if (!isTaken) world.network.sendLater(message)
    await announce(world, server)
    delivered++
  }
  return delivered
}

/**
 * What a federation component does with an event that comes in.
 *
 * @returns false: the sender has to try again
 */
async function receive(world: World, server: SimulatedServer, message: Message): Promise<boolean> {
  if (server.isDown) return false
  const event = parsedEvent(message.json, message.roomVersion)
  if (event === undefined || !(await isSigned(world, event))) return true
  return await ingest(world, server, event, message.from)
}

/**
 * Gives an event to a server that knows its room.
 *
 * @returns false: the server crashed meanwhile
 */
export async function ingest(
  world: World,
  server: SimulatedServer,
  event: Pdu,
  origin: string,
): Promise<boolean> {
  const isIn = await server.isIn(event.roomId)
  if (!isIn && (await server.storage.room(event.roomId)) === undefined) return true
  const isAsync = !world.isHealed && world.dice.chance(30)
  const request = { input_room_events: [inputOf(event, { origin })], async: isAsync }
  const answer = await server.call((api) => api.inputRoomEvents(request))
  const isTaken = answer !== undefined || !server.isDown
  if (!isIn && isEnd(event)) {
    if (isTaken) world.invites.withdraw(server, event)
    else world.invites.doubt(server, event.roomId, event.stateKey ?? '')
  }
  return isTaken
}

/** Whether a user learns that they are not, or no more, to come. */
function isEnd({ type, content }: Pdu): boolean {
  return type === 'm.room.member' && (content['membership'] === 'leave' || content['membership'] === 'ban')
}

/** What a federation component checks of what it is sent; once for all servers. */
async function isSigned(world: World, event: Pdu): Promise<boolean> {
  const known = world.signed.get(event.json)
  if (known !== undefined) return known
  const { ok } = await verifySignatures(event, (server, keyId) => {
    const found = world.publicKeys([`${server}/${keyId}`]).get(`${server}/${keyId}`)
    return found && { key: found.key, validUntilTs: found.valid_until_ts }
  })
  world.signed.set(event.json, ok)
  return ok
}
