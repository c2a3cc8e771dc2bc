import type { JsonObject } from '@roomserver/types'
import { ROOM_VERSIONS, type RoomVersionRules, roomVersion } from '@roomserver/version'
import type { EventDraft } from '../src/build-event.ts'
import { buildEvent } from '../src/build-event.ts'
import type { Pdu } from '../src/pdu.ts'
import type { SigningKey } from '../src/signed-json.ts'

/** The key of the specification's own examples. @see https://spec.matrix.org/v1.19/appendices/#cryptographic-test-vectors */
export const KEY: SigningKey = {
  server: 'domain',
  keyId: 'ed25519:1',
  seed: 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1',
}
export const PUBLIC_KEY = 'XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI'

export const STABLE_VERSIONS = [...ROOM_VERSIONS.keys()]

export function rulesOf(version: string): RoomVersionRules {
  const rules = roomVersion(version)
  if (rules === undefined) throw new Error(`no room version ${version}`)
  return rules
}

/** A message as its author drafts it, in the shape that the room version wants. */
export function draft(rules: RoomVersionRules, changes: Partial<EventDraft> = {}): EventDraft {
  return {
    roomId: rules.roomId === 'create-hash' ? '!BwMzZnn4Xr9mI0j5S9l_ZJh2hcg9GhNq0rDMVkZ9d8M' : '!room:domain',
    eventId: '$mine:domain',
    type: 'm.room.message',
    sender: '@user:domain',
    content: { body: 'größe 🎉', msgtype: 'm.text' },
    prevEvents: [{ eventId: '$previous', sha256: 'abc' }],
    authEvents: [{ eventId: '$create', sha256: 'def' }],
    depth: 12,
    originServerTs: 1_000_000,
    ...changes,
  }
}

/** A good event, built and signed. */
export async function built(version = '10', changes: Partial<EventDraft> = {}): Promise<Pdu> {
  const verdict = await buildEvent(draft(rulesOf(version), changes), rulesOf(version), KEY)
  if (!verdict.ok) throw new Error(verdict.reason)
  return verdict.pdu
}

/** A good event as the object that it is on the wire. */
export async function wireObject(version = '10', changes: Partial<EventDraft> = {}): Promise<JsonObject> {
  return JSON.parse((await built(version, changes)).json) as JsonObject
}
