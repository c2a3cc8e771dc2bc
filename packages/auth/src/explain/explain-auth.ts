import type { Pdu } from '@roomserver/events'
import { checkAuth } from '../check-auth.ts'
import { describeRule } from '../rules/describe-rule.ts'
import type { AuthState } from '../state.ts'
import type { AuthVerdict } from '../verdict.ts'
import { type Reading, readingsFor } from './readings.ts'
import { type ExplainedStep, stepsTo } from './steps.ts'

/** A verdict with all that led to it. Plain data: it can be stored and sent as JSON. */
export interface AuthTrace {
  readonly verdict: AuthVerdict
  /** The steps of the rules up to the one that decided. */
  readonly steps: readonly ExplainedStep[]
  /** What the state said. */
  readonly readings: readonly Reading[]
  /** The rules in the specification; `undefined` for unstable room versions. */
  readonly url: string | undefined
}

/**
 * Judges an event as {@link checkAuth} does, and tells the whole way to the verdict: each step that was passed over or
 * entered, and what the state said. For people, and some hundred times the work.
 * @example
 * ```ts
 * import { authStateOf, explainAuth, traceText } from '@roomserver/auth'
 * import type { Pdu } from '@roomserver/events'
 *
 * declare const event: Pdu
 * declare const state: readonly Pdu[] // the state before the event
 * console.log(traceText(explainAuth(event, authStateOf(state))))
 * ```
 */
export function explainAuth(event: Pdu, state: AuthState): AuthTrace {
  const verdict = checkAuth(event, state)
  return {
    verdict,
    steps: stepsTo(verdict.rule),
    readings: readingsFor(event, state),
    url: describeRule(verdict.rule)?.url,
  }
}

const MARKS = { 'passed over': ' ', entered: '>', decided: '*' } as const

/** A trace as text, a line for each step and reading. */
export function traceText({ readings, steps, url, verdict }: AuthTrace): string {
  const outcome = verdict.allowed ? 'allowed' : `refused: ${verdict.reason}`
  const lines = [
    `${outcome} (${verdict.rule})`,
    ...steps.map(({ outcome: mark, rule, text }) => `${MARKS[mark]} ${rule}  ${text}`),
    ...readings.map(({ eventId, says }) => `= ${says} (${eventId ?? 'by default'})`),
    ...(url === undefined ? [] : [url]),
  ]
  return lines.join('\n')
}
