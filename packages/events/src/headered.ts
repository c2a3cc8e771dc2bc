import type { Pdu } from './pdu.ts'

/**
 * The event as the internal API and the output log carry it: with `_room_version` and `_event_id` as last members.
 */
export function headeredJson({ json, rules, eventId }: Pick<Pdu, 'json' | 'rules' | 'eventId'>): string {
  const header = `"_room_version":${JSON.stringify(rules.version)},"_event_id":${JSON.stringify(eventId)}}`
  return json === '{}' ? `{${header}` : `${json.slice(0, -1)},${header}`
}
