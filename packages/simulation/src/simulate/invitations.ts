import { isFailure } from '@roomserver/types'
import { endOf, eventOn, isAllowedAt, member, type RoomEnd, type EventTemplate } from './compose.ts'
import { askServer } from './federation.ts'
import { changeThrough } from './remote-membership.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { sendEvent } from './send-event.ts'
import { announceAll } from './transport.ts'
import type { World } from './world.ts'

export function isInvite({ type, content }: EventTemplate): boolean {
  return type === 'm.room.member' && content['membership'] === 'invite'
}

/** Invites a user, through their server, and sometimes withdraws the invite. */
export async function invite(
  world: World,
  server: SimulatedServer,
  end: RoomEnd,
  template: EventTemplate,
): Promise<void> {
  const event = await eventOn(end, template, world.author(server))
  if (event === undefined || !isAllowedAt(end, event)) return
  world.learn(event)
  const { eventId, json, rules } = event
  const request = {
    event: { roomVersion: rules.version, eventId, json },
    room_version: rules.version,
    invite_room_state: [],
    invite_room_state_pdus: [],
    send_as_server: server.name,
    transaction_id: null,
  }
  const answer = await server.call((api) => api.performInvite(request))
  if (answer?.Error === null) world.acknowledged.push({ server, eventId })
  const after = world.dice.chance(25) ? await server.call((api) => endOf(api, end.roomId)) : undefined
  if (after !== undefined)
    await sendEvent(world, server, after, { ...template, content: { membership: 'leave' } })
  await announceAll(world)
}

/**
 * Rejects an invite, which must always be possible, be the server that it came from dead or not; only a policy server may
 * refuse it, as any event.
 */
export async function reject(
  world: World,
  server: SimulatedServer,
  user: string,
  roomId: string,
): Promise<void> {
  let isRefused = false
  const answer = await server.call((api) =>
    api.performLeave({ room_id: roomId, user_id: user }).catch((error: unknown) => {
      isRefused = isFailure(error) && error.code === 'NOT_ALLOWED' && world.policies.mayRefuse
      throw error
    }),
  )
  if (answer !== undefined) world.invites.reject(server, roomId, user)
  else if (server.isDown) world.invites.doubt(server, roomId, user)
  else if (!isRefused) world.problem(`${server.name}: ${user} could not reject an invite into ${roomId}`)
  await announceAll(world)
}

/** Knocks, through a resident server if our own is not resident. */
export async function knock(
  world: World,
  server: SimulatedServer,
  user: string,
  roomId: string,
): Promise<void> {
  const template = member(user, user, 'knock')
  if ((await world.audienceOf(server, roomId)).has(server.name)) {
    const end = await server.call((api) => endOf(api, roomId))
    if (end !== undefined) await sendEvent(world, server, end, template)
  } else if (!server.isDown) {
    const { name } = world.dice.pick(world.servers.filter((other) => other !== server))
    // That nobody lets the user knock is an answer too.
    await changeThrough(world, server, roomId, template, (work) =>
      askServer(world, server, name, work),
    ).catch(() => false)
  }
  await announceAll(world)
}
