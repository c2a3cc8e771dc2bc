/** How policy servers are asked. */
export interface PolicyLimits {
  /** How long an event waits for its policy server at most, in ms. */
  readonly timeoutMs: number
  /** Events of one room that its policy server is asked about at the same time. */
  readonly atOncePerRoom: number
  /** Events of one room that wait for that; what is beyond counts as if there were no answer. */
  readonly maxWaitingPerRoom: number
  /** The same over all rooms. */
  readonly maxWaiting: number
  /** For how long a policy server that did not answer is not asked again, in ms. */
  readonly restMs: number
  /** What becomes of events while it does not answer: `soft-fail` is what the specification says. */
  readonly whenUnreachable: 'soft-fail' | 'accept'
}

/** The limits unless configured otherwise. */
export const DEFAULT_POLICY_LIMITS: PolicyLimits = {
  timeoutMs: 30_000,
  atOncePerRoom: 8,
  maxWaitingPerRoom: 500,
  maxWaiting: 2_000,
  restMs: 10_000,
  whenUnreachable: 'soft-fail',
}
