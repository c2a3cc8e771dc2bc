import type { EventId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { ruleBook } from './rules/book.ts'
import type { RuleKey } from './rules/table.ts'

/** The rules let the event pass. */
export interface AuthAllowed {
  readonly allowed: true
  /** The step that decided, such as `v8 4.3.6`. */
  readonly rule: string
}

/** The rules refuse the event. Plain data: it can be stored and sent as JSON. */
export interface AuthRefused {
  readonly allowed: false
  /** The step that decided: room version and number in its specification, such as `v8 4.3.5.2`. Stable. */
  readonly rule: string
  /** A sentence for people, with the values that were compared; made when it is read. */
  readonly reason: string
  /** The events of the room's state that the step looked at. */
  readonly events: readonly EventId[]
}

/** What the authorization rules say about an event, and which of them decided. */
export type AuthVerdict = AuthAllowed | AuthRefused

const allowances = new WeakMap<RoomVersionRules, Map<RuleKey, AuthAllowed>>()

/** The verdict that `key` allows; one frozen object per room version and step. */
export function allowed(rules: RoomVersionRules, key: RuleKey): AuthAllowed {
  let ofVersion = allowances.get(rules)
  if (ofVersion === undefined) allowances.set(rules, (ofVersion = new Map()))
  let verdict = ofVersion.get(key)
  if (verdict === undefined) {
    verdict = Object.freeze({ allowed: true, rule: ruleBook(rules).ids[key] })
    ofVersion.set(key, verdict)
  }
  return verdict
}

/** The verdict that `key` refuses. `sentence` must close over values, and not over state that may change. */
export function refused(
  rules: RoomVersionRules,
  key: RuleKey,
  sentence: () => string,
  events: readonly EventId[],
): AuthRefused {
  return refusedBy(ruleBook(rules).ids[key], sentence, events)
}

/** A refusal by a rule that stands elsewhere than among the authorization rules. */
export function refusedBy(rule: string, sentence: () => string, events: readonly EventId[]): AuthRefused {
  return {
    allowed: false,
    rule,
    get reason() {
      return sentence()
    },
    events,
  }
}
