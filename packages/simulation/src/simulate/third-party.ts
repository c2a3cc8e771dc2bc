import { signJson, type SigningKey } from '@roomserver/events'
import type { JsonObject } from '@roomserver/types'
import { member, type RoomEnd, type EventTemplate } from './compose.ts'
import type { World } from './world.ts'

const TYPE = 'm.room.third_party_invite'

/**
 * Invites somebody of whom only an address is known, takes such an invite back, or goes on with one: the address turned
 * out to be a user's.
 */
export async function aboutAddress(world: World, end: RoomEnd, sender: string): Promise<EventTemplate> {
  const { dice, identity, servers } = world
  const open = dice.maybe(invitesIn(end).filter((invite) => invite.sender === sender))
  const user = dice.pick(servers.flatMap(({ users }) => users))
  if (open !== undefined && dice.chance(70)) {
    return byAddress(sender, user, await signedBy(identity.key, user, open.stateKey ?? ''))
  }
  if (open !== undefined && dice.chance(50))
    return { type: TYPE, sender, stateKey: open.stateKey, content: {} }
  const key = { public_key: identity.publicKey, key_validity_url: 'x' }
  const keys = dice.chance(50) ? key : { public_key: 'AAAA', public_keys: [key] }
  return { type: TYPE, sender, stateKey: dice.text(8), content: { display_name: dice.text(3), ...keys } }
}

/**
 * What a liar makes of the invite of an address: it lets somebody in for whom nobody signed, in another's name, or with a
 * word of the identity server that was meant for others.
 */
export async function misuseAddress(
  world: World,
  end: RoomEnd,
  sender: string,
  key: SigningKey,
): Promise<EventTemplate> {
  const { dice, identity, servers } = world
  const users = servers.flatMap(({ users: own }) => own)
  const [user, signedFor] = [dice.pick(users), dice.pick(users)]
  const open = dice.maybe(invitesIn(end))
  const token = open?.stateKey ?? dice.text(8)
  const signed = await signedBy(dice.chance(50) ? key : identity.key, signedFor, token)
  return byAddress(dice.chance(50) ? sender : (open?.sender ?? sender), user, signed)
}

function invitesIn({ state }: RoomEnd) {
  return state.filter(({ type }) => type === TYPE)
}

function byAddress(sender: string, user: string, signed: JsonObject): EventTemplate {
  return member(sender, user, 'invite', { third_party_invite: { display_name: 'x', signed } })
}

async function signedBy(key: SigningKey, mxid: string, token: string): Promise<JsonObject> {
  const claim = { mxid, token }
  return { ...claim, signatures: { [key.server]: { [key.keyId]: await signJson(claim, key) } } }
}
