import type { PerformInviteRequest, RoomserverApi } from '@roomserver/api'
import { type Pdu, signEvent } from '@roomserver/events'
import { endOf, eventOn, inputOf, isAllowedAt, parsedEvent, type EventTemplate } from './compose.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

/** Asks a server that is in a room. */
export type Ask = <Result>(
  work: (api: RoomserverApi, resident: SimulatedServer) => Promise<Result>,
) => Promise<Result>

/**
 * Has a user leave a room, or knock, through a server that is in it, as a federation component does: the other server
 * says what the event is to be built upon, and takes it in.
 *
 * @returns whether it was stored
 */
export async function changeThrough(
  world: World,
  self: SimulatedServer,
  roomId: string,
  template: EventTemplate,
  ask: Ask,
): Promise<boolean> {
  const event = await ask(async (api) => {
    const end = await endOf(api, roomId)
    const made = end && (await eventOn(end, template, world.author(self)))
    return end && made && isAllowedAt(end, made) ? made : undefined
  })
  if (event === undefined) return false
  world.learn(event)
  return await ask(async (api, resident) => {
    const input = inputOf(event, { origin: self.name, send_as_server: resident.name })
    const { ErrMsg } = await api.inputRoomEvents({ input_room_events: [input], async: false })
    return ErrMsg === ''
  })
}

/**
 * Has an invite signed by the server of the invited user, which so learns of it.
 *
 * @returns the invite with both signatures
 */
export async function inviteThrough(
  world: World,
  invite: Pdu,
  shown: Pick<PerformInviteRequest, 'invite_room_state' | 'invite_room_state_pdus'>,
  ask: Ask,
): Promise<Pdu | undefined> {
  const { rules, eventId, roomId, stateKey = '' } = invite
  let invited: SimulatedServer | undefined
  try {
    return await ask(async (api, server) => {
      invited = server
      const json = await signEvent(invite.json, rules, server.key)
      const { Error: error } = await api.performInvite({
        event: { roomVersion: rules.version, eventId, json },
        room_version: rules.version,
        ...shown,
        send_as_server: '',
        transaction_id: null,
      })
      if (error !== null) return undefined
      world.invites.begin(server, invite)
      return parsedEvent(json, rules.version)
    })
  } catch (error) {
    if (invited !== undefined) world.invites.doubt(invited, roomId, stateKey)
    throw error
  }
}
