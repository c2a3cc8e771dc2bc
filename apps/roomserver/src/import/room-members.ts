import { trustedPdu } from '@roomserver/events'
import {
  type EventNid,
  type EventRecord,
  type InviteRecord,
  isJsonObject,
  type Membership,
  type MembershipRecord,
  NO_NID,
  type RoomNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { DendriteInvite, DendriteMembership } from './dendrite-source.ts'
import type { ImportContext } from './import-context.ts'
import type { NidSupply } from './nid-supply.ts'
import type { NumberedRoom } from './numbered-room.ts'

type Context = Pick<ImportContext, 'source' | 'nids'>

/** A room that is being imported, as far as members and invites need to know it. */
export interface RoomNumbers {
  readonly nid: RoomNid
  readonly rules: RoomVersionRules
  readonly events: Pick<NumberedRoom, 'nidOfId' | 'nidOfNumber'>
}

/** Who is what in a room. The source keeps leaving and being banned as one; the event tells which. */
export async function membershipsOf(
  { nids, source }: Context,
  room: RoomNumbers,
  rows: readonly DendriteMembership[],
): Promise<readonly MembershipRecord[]> {
  const targets = rows.map((row) => row.target)
  const keys = await nids.keys(targets)
  const texts = await source.texts(rows.map((row) => row.event_nid).filter((nid) => nid !== 0))
  return rows.map((row) => ({
    roomNid: room.nid,
    user: keys.get(row.target) ?? NO_NID,
    membership: membershipOf(row.membership_nid, texts.get(row.event_nid)),
    event: room.events.nidOfNumber(row.event_nid),
    local: row.target_local,
    forgotten: row.forgotten,
  }))
}

function membershipOf(number: number, json: string | undefined): Membership {
  if (number === 2) return 'invite'
  if (number === 3) return 'join'
  if (number === 4) return 'knock'
  const event: unknown = json === undefined ? undefined : JSON.parse(json)
  const content = isJsonObject(event) ? event['content'] : undefined
  return isJsonObject(content) && content['membership'] === 'ban' ? 'ban' : 'leave'
}

/** The invites of a room; the event of one into a room that we are not in is known from the invite alone. */
export async function invitesOf(
  { nids }: Context,
  room: RoomNumbers,
  rows: readonly DendriteInvite[],
): Promise<{ readonly invites: readonly InviteRecord[]; readonly events: readonly EventRecord[] }> {
  const invites: InviteRecord[] = []
  const events: EventRecord[] = []
  for (const row of rows) {
    const keys = await nids.keys([row.target, row.sender ?? ''])
    const target = keys.get(row.target) ?? NO_NID
    const known = room.events.nidOfId(row.invite_event_id)
    const event = known === NO_NID ? await nids.fresh('event') : known
    if (known === NO_NID) events.push(await inviteEvent(nids, room, event, row))
    invites.push({
      roomNid: room.nid,
      event,
      target,
      sender: keys.get(row.sender ?? '') ?? NO_NID,
      ...(row.retired ? { retiredBy: NO_NID } : {}),
    })
  }
  return { invites, events }
}

async function inviteEvent(
  nids: NidSupply,
  room: RoomNumbers,
  nid: EventNid,
  row: DendriteInvite,
): Promise<EventRecord> {
  const pdu = trustedPdu(row.invite_event_json, row.invite_event_id, room.rules)
  const types = await nids.types(['m.room.member'])
  const keys = await nids.keys([row.target])
  return {
    nid,
    roomNid: room.nid,
    eventId: row.invite_event_id,
    typeNid: types.get('m.room.member') ?? NO_NID,
    stateKeyNid: keys.get(row.target) ?? NO_NID,
    depth: pdu.depth,
    authLevel: 0,
    authNids: [],
    verdict: 'outlier',
    before: NO_NID,
    after: NO_NID,
    redactedBy: NO_NID,
    json: pdu.json,
  }
}
