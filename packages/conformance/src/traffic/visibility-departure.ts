import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import { stableText } from './compare.ts'
import type { Finding } from './departure.ts'

/** Whether ours gives an event that is visible by the change it makes itself, where the recorded server does not. */
export function isSeenByItsChange({ of, request, difference, expected, got }: Finding): boolean {
  if (of.endsWith('/queryServerAllowedToSeeEvent'))
    return stableText(expected) === '{"can_see_event":false}' && stableText(got) === '{"can_see_event":true}'
  if (!of.endsWith('/queryMissingEvents') || !isJsonObject(request)) return false
  const recorded = new Set(eventsOf(difference?.expected).map(stableText))
  const [both, onlyOurs] = [[], []] as [JsonObject[], JsonObject[]]
  for (const event of eventsOf(difference?.got))
    (recorded.has(stableText(event)) ? both : onlyOurs).push(event)
  return (
    stableText(both) === stableText(difference?.expected) &&
    onlyOurs.every((event) => isChange(event, textOf(request['server_name'])))
  )
}

/** Whether an event changes the history visibility, or has a user of the server join or be invited. */
function isChange({ type, state_key: key, content }: JsonObject, server: string): boolean {
  if (type === 'm.room.history_visibility') return key === ''
  const membership = isJsonObject(content) ? textOf(content['membership']) : ''
  return type === 'm.room.member' && textOf(key).endsWith(`:${server}`) && /^(join|invite)$/.test(membership)
}

function eventsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}
