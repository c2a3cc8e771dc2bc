import { membersOf, withoutMembers } from './json/members.ts'
import type { Pdu } from './pdu.ts'

const HEADER: ReadonlySet<string> = new Set(['_room_version', '_event_id'])

/**
 * The event as the internal API and the output log carry it: with `_room_version` and `_event_id` as last members.
 */
export function headeredJson({ json, rules, eventId }: Pick<Pdu, 'json' | 'rules' | 'eventId'>): string {
  const header = `"_room_version":${JSON.stringify(rules.version)},"_event_id":${JSON.stringify(eventId)}}`
  const event = withoutHeader(json)
  return event === '{}' ? `{${header}` : `${event.slice(0, -1)},${header}`
}

/**
 * The event without what it has itself in the places of the header, so that readers find one of each, whichever of equal
 * names they take. Its author may put such members in: they are part of the event as it is stored, hashed and signed.
 *
 * @param json - canonical JSON
 */
export function withoutHeader(json: string): string {
  if (!json.includes('"_event_id":') && !json.includes('"_room_version":')) return json
  const members = membersOf(json)
  return members === undefined ? json : withoutMembers(members, HEADER)
}
