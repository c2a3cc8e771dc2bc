import {
  isSignedByPolicyServer,
  MAX_EVENT_BYTES,
  needsPolicySignature,
  type Pdu,
  type PolicyServer,
  policySignatureIn,
  withPolicySignature,
} from '@roomserver/events'
import { type Clock, type EventId, isLongerThan, type Logger, type RoomId } from '@roomserver/types'
import type { Decision, EventInput, Outcome, PolicyCheck } from '../decide/event-input.ts'
import type { PolicyServers } from '../ports.ts'
import { keepLatest } from '../view/keep-latest.ts'
import type { PolicyLimits } from './policy-limits.ts'
import { PolicyBudget } from './policy-budget.ts'

/** Results of checks since the start. */
export interface PolicyCounts {
  /** Events that came with a good signature. */
  signed: number
  /** Events that the policy server signed when it was asked. */
  granted: number
  refused: number
  unreachable: number
}

/** Dependencies of {@link PolicyChecks}. */
export interface PolicyCheckParts {
  /** `undefined`: there is no way to ask a policy server. */
  readonly policyServers: PolicyServers | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** An event, with the policy server's signature if it gave one, and what came of the check. */
export interface Checked {
  readonly pdu: Pdu
  readonly check: PolicyCheck
}

/** How often an event is checked anew because the room has got another policy server meanwhile. */
const MAX_CHECKS = 3
/** How much of what a policy server says is kept, in characters: it is stored with the event. */
const MAX_REASON = 4_096
/** Of how many rooms the policy server is remembered. */
const MAX_ROOMS = 10_000

/**
 * Finds out whether the policy servers of rooms have signed events: by the signature that an event carries, or by asking for
 * one. Rooms go on meanwhile; events that build on one that is being checked wait for it.
 */
export class PolicyChecks {
  readonly counts: PolicyCounts = { signed: 0, granted: 0, refused: 0, unreachable: 0 }
  readonly #parts: PolicyCheckParts
  readonly #limits: PolicyLimits
  readonly #budget: PolicyBudget
  readonly #known = new Map<RoomId, PolicyServer>()
  readonly #order = new Map<RoomId, Promise<unknown>>()
  readonly #underWay = new Map<EventId, Promise<unknown>>()
  readonly #asked = new Map<string, Promise<Checked>>()

  constructor(parts: PolicyCheckParts, limits: PolicyLimits) {
    this.#parts = parts
    this.#limits = limits
    this.#budget = new PolicyBudget(parts.clock, limits)
  }

  /**
   * Decides on an event, finds out what the decision hangs on, and decides again.
   *
   * @param decide - runs a decision in the room's queue
   */
  async decide(input: EventInput, decide: (input: EventInput) => Promise<Decision>): Promise<Outcome> {
    // Without waiting where there is nothing to wait for: what is queued in one turn of the loop is bounded together.
    const known = this.#known.get(input.pdu.roomId)
    const isToVerify = known !== undefined && input.kind === 'new' && needsPolicySignature(input.pdu)
    const verified = isToVerify ? await this.#verified(input, known) : input
    const first = await decide(verified)
    const waits = first.kind === 'missing' ? this.#underWayOf(first) : []
    if (first.kind !== 'unchecked' && waits.length === 0) return first
    const { eventId } = input.pdu
    const settled = this.#settle(verified, first, waits, decide)
    const before = this.#underWay.get(eventId)
    this.#underWay.set(eventId, settled)
    try {
      return await settled
    } finally {
      if (this.#underWay.get(eventId) === settled) {
        if (before === undefined) this.#underWay.delete(eventId)
        else this.#underWay.set(eventId, before)
      }
    }
  }

  /** Whether the policy server has signed an event; asks it where it has not. Never rejects. */
  async check(pdu: Pdu, policy: PolicyServer, mayAsk: boolean): Promise<Checked> {
    if (await this.#isSigned(pdu, policy)) {
      this.counts.signed++
      return { pdu, check: passedBy(policy) }
    }
    if (!mayAsk) return { pdu, check: failedBy(policy, 'the signature of the policy server is not good') }
    const name = `${pdu.eventId} ${policy.server} ${policy.publicKey}`
    const asked = this.#asked.get(name) ?? this.#ask(pdu, policy).finally(() => this.#asked.delete(name))
    this.#asked.set(name, asked)
    return await asked
  }

  /** @param waits - events that were being checked when this one turned out to build on them */
  async #settle(
    given: EventInput,
    first: Decision,
    waits: readonly Promise<unknown>[],
    decide: (input: EventInput) => Promise<Decision>,
  ): Promise<Outcome> {
    await Promise.allSettled(waits)
    let input = given
    let decision = waits.length > 0 ? await decide(input) : first
    for (let checks = 0; ; checks++) {
      if (decision.kind !== 'unchecked') return decision
      const { policy, mayAsk } = decision
      keepLatest(this.#known, input.pdu.roomId, policy, MAX_ROOMS)
      if (checks < MAX_CHECKS) {
        const { pdu, check } = await this.check(input.pdu, policy, mayAsk)
        input = { ...input, pdu, policy: check }
      } else {
        input = { ...input, policy: failedBy('any', 'the policy server of the room changes too often') }
      }
      decision = await decide(input)
    }
  }

  /** The checks of events that an event lacks. They came first, so no two events wait for each other. */
  #underWayOf({ prev, auth }: Extract<Outcome, { kind: 'missing' }>): readonly Promise<unknown>[] {
    return [...prev, ...auth].flatMap((id) => this.#underWay.get(id) ?? [])
  }

  /**
   * Where the policy server of the room is known, a signature that an event came with is looked at before it goes into the
   * room's queue.
   */
  async #verified(input: EventInput, policy: PolicyServer): Promise<EventInput> {
    if (!(await this.#isSigned(input.pdu, policy))) return input
    this.counts.signed++
    return { ...input, policy: passedBy(policy) }
  }

  /** Looks at a signature. Events of a room go on in the order in which they came. */
  async #isSigned(pdu: Pdu, policy: PolicyServer): Promise<boolean> {
    const turn = Promise.all([isSignedByPolicyServer(pdu, policy), this.#order.get(pdu.roomId)])
    this.#order.set(pdu.roomId, turn)
    const [isSigned] = await turn
    if (this.#order.get(pdu.roomId) === turn) this.#order.delete(pdu.roomId)
    return isSigned
  }

  async #ask(pdu: Pdu, policy: PolicyServer): Promise<Checked> {
    const { policyServers, log } = this.#parts
    const { server } = policy
    const { eventId, json, roomId, rules } = pdu
    const request = { server, roomVersion: rules.version, eventId, json }
    const answer =
      policyServers === undefined
        ? ({ kind: 'unreachable', reason: 'there is no way to ask it', wasAsked: false } as const)
        : await this.#budget.spend(roomId, server, (signal) => policyServers.sign(request, signal))
    const fields = { room_id: roomId, event_id: eventId, server }
    if (answer.kind === 'unreachable') {
      this.counts.unreachable++
      const { whenUnreachable } = this.#limits
      const said = { ...fields, error: answer.reason, when_unreachable: whenUnreachable }
      if (answer.wasAsked) log.warn(said, 'the policy server did not answer')
      else log.debug(said, 'the policy server was not asked')
      const reason = `the policy server ${server} cannot be reached`
      return { pdu, check: { policy, passed: whenUnreachable === 'accept', reason } }
    }
    if (answer.kind === 'refused') {
      this.counts.refused++
      log.info({ ...fields, errcode: answer.errcode }, 'the policy server did not sign an event')
      return { pdu, check: failedBy(policy, answer.error.slice(0, MAX_REASON)) }
    }
    return await this.#taken(pdu, policy, answer.signatures)
  }

  /** The event with the signature that the policy server gave, if that is good, and the event not too long with it. */
  async #taken(pdu: Pdu, policy: PolicyServer, signatures: unknown): Promise<Checked> {
    const signature = policySignatureIn(signatures, policy.server)
    const signed = signature === undefined ? pdu : withPolicySignature(pdu, policy.server, signature)
    if (signature === undefined || !(await this.#isSigned(signed, policy))) {
      this.counts.refused++
      const reason = `the policy server ${policy.server} did not sign the event with the key of the room`
      return { pdu, check: failedBy(policy, reason) }
    }
    this.counts.granted++
    return { pdu: isLongerThan(signed.json, MAX_EVENT_BYTES) ? pdu : signed, check: passedBy(policy) }
  }
}

function passedBy(policy: PolicyServer): PolicyCheck {
  return { policy, passed: true, reason: '' }
}

function failedBy(policy: PolicyCheck['policy'], reason: string): PolicyCheck {
  return { policy, passed: false, reason }
}
