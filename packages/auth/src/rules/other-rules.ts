import { type RoomVersionRules, roomVersion } from '@roomserver/version'
import type { RuleDescription } from './rule-description.ts'

const SPEC = 'https://spec.matrix.org/v1.19'

/** The numbered rules of the specification about who may see an event. */
export const VISIBILITY_RULES: readonly string[] = [
  'the history visibility was `world_readable`: allow',
  'the membership was `join`: allow',
  'the history visibility was `shared`, and the viewer joined at any time after the event: allow',
  'the membership was `invite` and the history visibility `invited`: allow',
  'otherwise: deny',
]

/** The conditions of which a redaction has to meet one to take effect, where authorization rules do not say so. */
export const REDACTION_RULES: readonly string[] = [
  "the redaction's sender reaches the redact level: apply",
  'the senders of the redaction and of its target are of one server: apply',
]

/** Every event but the create event of its room has prev events. */
export const EVENT_GRAPH_RULE = 'event-graph'

/** Tells whether a version has the section on handling redactions. */
export function handlesRedactions(rules: RoomVersionRules): boolean {
  return rules.stability === 'stable' && !rules.auth.redactionNeedsPowerOrSameDomain
}

/** Explains a rule that is not an authorization rule: `history-visibility 3`, `v8 handling-redactions 1`, `event-graph`. */
export function describeOther(id: string): RuleDescription | undefined {
  const visibility = /^history-visibility (\d)$/.exec(id)?.[1]
  if (visibility !== undefined) {
    const url = `${SPEC}/client-server-api/#room-history-visibility`
    return describe(VISIBILITY_RULES[Number(visibility) - 1], url)
  }
  if (id === EVENT_GRAPH_RULE) {
    const text = 'it has no `prev_events` and is not the create event of its room: reject'
    return describe(text, `${SPEC}/#event-graphs`)
  }
  const [, version = '', number] = /^v(\S+) handling-redactions(?: (\d))?$/.exec(id) ?? []
  const rules = roomVersion(version)
  if (rules === undefined || rules.auth.redactionNeedsPowerOrSameDomain) return undefined
  const url = handlesRedactions(rules) ? `${SPEC}/rooms/v${version}/#handling-redactions` : undefined
  const text = number === undefined ? 'no condition is met: wait' : REDACTION_RULES[Number(number) - 1]
  return describe(text, url)
}

function describe(text: string | undefined, url: string | undefined): RuleDescription | undefined {
  return text === undefined ? undefined : { text, url }
}
