import type { AuthCheck, RuleReference, StateReading } from '@roomserver/api'
import {
  type AuthState,
  type AuthTrace,
  type AuthVerdict,
  describeRule,
  explainAuth,
  stepsTo,
} from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'

/** A rule with its text and its page. */
export function ruleReference(rule: string): RuleReference {
  const described = describeRule(rule)
  return { rule, text: described?.text ?? '', url: described?.url ?? '' }
}

/** The rules applied to an event at a state, step by step. */
export function authCheck(event: Pdu, state: AuthState, against: AuthCheck['against']): AuthCheck {
  const { readings, verdict } = explainAuth(event, state)
  return { ...checkOf(verdict, against), readings: readings.map(readingOf) }
}

/** A verdict of the rules that did not come from a state. */
export function checkOf(verdict: AuthVerdict, against: AuthCheck['against']): AuthCheck {
  return {
    against,
    is_allowed: verdict.allowed,
    rule: ruleReference(verdict.rule),
    reason: verdict.allowed ? '' : verdict.reason,
    steps: stepsTo(verdict.rule),
    readings: [],
  }
}

function readingOf({ eventId, says, stateKey, type }: AuthTrace['readings'][number]): StateReading {
  return { type, state_key: stateKey, event_id: eventId ?? '', says }
}
