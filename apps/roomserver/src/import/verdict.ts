import { type AuthVerdict, authStateOf, authTypesFor, checkAuth, checkAuthEvents } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { Verdict } from '@roomserver/types'

/** Our verdict on an event of the source. */
export interface ImportedVerdict {
  readonly verdict: Verdict
  readonly rule?: string
  readonly reason?: string
}

/** What the verdict is derived from. */
export interface VerdictInput {
  readonly pdu: Pdu
  readonly wasRejected: boolean
  readonly hasState: boolean
  /** An event that is referenced, if the source had it. */
  readonly referenced: (eventId: string) => { readonly pdu: Pdu; readonly wasRejected: boolean } | undefined
  /** The event at an entry of the state before. */
  readonly stateAt: (type: string, stateKey: string) => Promise<Pdu | undefined>
}

/**
 * The source keeps one mark for everything it refused. Here the rules tell again which of them it was: an event that
 * its references and the state before it allow was soft-failed. What the source took stays taken.
 */
export async function verdictOf(input: VerdictInput): Promise<ImportedVerdict> {
  if (!input.wasRejected) return { verdict: input.hasState ? 'accepted' : 'outlier' }
  const byAuthEvents = checkByAuthEvents(input)
  if (!byAuthEvents.allowed) return refused('rejected-by-auth-events', byAuthEvents)
  if (!input.hasState) return { verdict: 'outlier' }
  const found: Pdu[] = []
  for (const [type, stateKey] of authTypesFor(input.pdu, input.pdu.rules)) {
    const pdu = await input.stateAt(type, stateKey)
    if (pdu !== undefined) found.push(pdu)
  }
  const byState = checkAuth(input.pdu, authStateOf(found))
  return byState.allowed ? { verdict: 'soft-failed' } : refused('rejected-by-state', byState)
}

function checkByAuthEvents({ pdu, referenced }: VerdictInput): AuthVerdict {
  const own = checkAuthEvents(pdu, {
    get: (id) => referenced(id)?.pdu,
    isRejected: (id) => referenced(id)?.wasRejected ?? false,
  })
  if (!own.allowed) return own
  const pdus = pdu.authEvents.map((id) => referenced(id)?.pdu).filter((found) => found !== undefined)
  return checkAuth(pdu, authStateOf(pdus))
}

function refused(
  verdict: Verdict,
  { rule, reason }: Exclude<AuthVerdict, { allowed: true }>,
): ImportedVerdict {
  return { verdict, rule, reason }
}
