import type { Pdu } from '@roomserver/events'
import type { JsonObject, JsonValue } from '@roomserver/types'
import { shortened } from '../escaped.ts'

const MAX_LENGTH = 200

/** The members of the content that say what an event of a type is about; of other types all are listed. */
const TELLING: Readonly<Record<string, readonly string[]>> = {
  'm.room.create': ['room_version', 'creator', 'additional_creators', 'type', 'm.federate', 'predecessor'],
  'm.room.member': ['membership', 'displayname', 'reason'],
  'm.room.name': ['name'],
  'm.room.topic': ['topic'],
  'm.room.avatar': ['url'],
  'm.room.canonical_alias': ['alias', 'alt_aliases'],
  'm.room.join_rules': ['join_rule', 'allow'],
  'm.room.history_visibility': ['history_visibility'],
  'm.room.guest_access': ['guest_access'],
  'm.room.power_levels': [
    'users',
    'users_default',
    'events',
    'events_default',
    'state_default',
    'ban',
    'kick',
    'redact',
    'invite',
  ],
  'm.room.encryption': ['algorithm'],
  'm.room.server_acl': ['deny', 'allow', 'allow_ip_literals'],
  'm.room.tombstone': ['replacement_room', 'body'],
  'm.room.third_party_invite': ['display_name'],
  'm.room.message': ['body', 'msgtype'],
  'm.room.encrypted': ['algorithm'],
  'm.room.redaction': ['reason'],
}

/** What the content of an event says, in a few words of its own: foreign text. */
export function contentSummary(pdu: Pick<Pdu, 'type' | 'content' | 'redacts'>): string {
  const { content, redacts } = pdu
  const telling = Object.hasOwn(TELLING, pdu.type) ? TELLING[pdu.type] : undefined
  const names = (telling ?? Object.keys(content)).filter((name) => Object.hasOwn(content, name))
  const parts = names.slice(0, 20).map((name) => `${name}: ${valueText(content, name)}`)
  const redacted = redacts === undefined ? [] : [`redacts: ${redacts}`]
  return shortened([...redacted, ...parts].join(', '), MAX_LENGTH)
}

function valueText(content: JsonObject, name: string): string {
  const value: JsonValue | undefined = content[name]
  return shortened(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), MAX_LENGTH)
}
