import type { EventSummary } from '@roomserver/api'

/** What people call the entries of a state that they know by other names. */
const ENTRY_NAMES: Readonly<Record<string, string>> = {
  'm.room.create': 'the create event',
  'm.room.name': 'the name',
  'm.room.topic': 'the topic',
  'm.room.avatar': 'the avatar',
  'm.room.power_levels': 'the power levels',
  'm.room.join_rules': 'the join rules',
  'm.room.history_visibility': 'the history visibility',
  'm.room.guest_access': 'the guest access',
  'm.room.canonical_alias': 'the canonical alias',
  'm.room.encryption': 'the encryption',
  'm.room.server_acl': 'the server ACL',
  'm.room.tombstone': 'the tombstone',
}

/** An entry of a state in a sentence. */
export function entryName(type: string, stateKey: string): string {
  if (type === 'm.room.member') return `the membership of ${stateKey}`
  const name = Object.hasOwn(ENTRY_NAMES, type) ? ENTRY_NAMES[type] : undefined
  if (name !== undefined && stateKey === '') return name
  return stateKey === '' ? type : `${type} (${stateKey})`
}

/** Whether an entry of a state is spoken of in the plural. */
export function isPlural(name: string): boolean {
  return name === ENTRY_NAMES['m.room.power_levels'] || name === ENTRY_NAMES['m.room.join_rules']
}

/** An event in a sentence: who sent what, and its ID. */
export function eventName({ event_id: id, sender, state_key: stateKey, status, type }: EventSummary): string {
  if (status === 'missing') return `the missing event ${id}`
  const what = stateKey === null ? type : entryName(type, stateKey)
  return `${what} by ${sender} (${id})`
}

/** When an event was sent, as its sender says; to the second. */
export function timeOf(ts: number): string {
  const date = new Date(ts)
  return Number.isNaN(date.getTime())
    ? `${ts} ms`
    : date
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ' UTC')
}

/** `one event`, `2 events`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `one ${one}` : `${count.toLocaleString('en')} ${many}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[], joint: 'and' | 'or' = 'and'): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${joint} ${last}`
}

/** A sentence with a capital at its beginning. */
export function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}
