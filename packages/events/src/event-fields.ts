import type { Members } from './json/members.ts'

/** The members that any event has, parsed but not checked; `undefined` for one that it lacks. */
export interface EventFields {
  type: unknown
  sender: unknown
  room_id: unknown
  event_id: unknown
  state_key: unknown
  redacts: unknown
  prev_events: unknown
  auth_events: unknown
  /** As JSON text: numbers here can be greater than a double holds. */
  depth: string | undefined
  origin_server_ts: string | undefined
  /** As JSON text. */
  content: string | undefined
  hashes: string | undefined
  signatures: string | undefined
  unsigned: string | undefined
}

const NO_FIELDS: EventFields = {
  type: undefined,
  sender: undefined,
  room_id: undefined,
  event_id: undefined,
  state_key: undefined,
  redacts: undefined,
  prev_events: undefined,
  auth_events: undefined,
  depth: undefined,
  origin_server_ts: undefined,
  content: undefined,
  hashes: undefined,
  signatures: undefined,
  unsigned: undefined,
}

/** Reads the members of an event that the rules ask for, in one go. */
export function fieldsOf({ text, spans }: Members): EventFields {
  const fields = { ...NO_FIELDS }
  for (let i = 0; i < spans.length; i += 4) {
    const name = text.slice(spans[i], spans[i + 1])
    const value = text.slice(spans[i + 2], spans[i + 3])
    switch (name) {
      case 'depth':
      case 'origin_server_ts':
      case 'content':
      case 'hashes':
      case 'signatures':
      case 'unsigned':
        fields[name] = value
        break
      case 'type':
      case 'sender':
      case 'room_id':
      case 'event_id':
      case 'state_key':
      case 'redacts':
      case 'prev_events':
      case 'auth_events':
        // Parsed even where a slice would do: a slice keeps the whole event in memory for as long as it lives.
        fields[name] = JSON.parse(value)
    }
  }
  return fields
}
