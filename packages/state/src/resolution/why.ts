import type { TraceEntry, JudgedEvent, Step } from './trace.ts'

interface Outcome {
  readonly type: string
  readonly stateKey: string
  readonly winner: TraceEntry['event']
}

/** The checked events, in order, by their entry. */
export type JudgedByEntry = ReadonlyMap<string, readonly JudgedEvent[]>

/** Groups checked events by their entries, so that each conflict finds its own. */
export function judgedByEntry(judged: readonly JudgedEvent[]): JudgedByEntry {
  const byEntry = new Map<string, JudgedEvent[]>()
  for (const one of judged) {
    const key = keyOf(one)
    const own = byEntry.get(key)
    if (own === undefined) byEntry.set(key, [one])
    else own.push(one)
  }
  return byEntry
}

function keyOf({ type, stateKey }: Pick<JudgedEvent, 'type' | 'stateKey'>): string {
  return JSON.stringify([type, stateKey])
}

/** Says in a sentence why a conflict ended as it did. */
export function whyItWon(outcome: Outcome, judged: JudgedByEntry): string {
  const { winner } = outcome
  const own = judged.get(keyOf(outcome)) ?? []
  const winning = own.find(({ event }) => event === winner)
  if (winner === null) return whyNobody(own)
  if (winning === undefined)
    return 'It was the only candidate left, or the first in order; no authorization check was needed.'
  const refused = own.filter(({ allowed }) => !allowed)
  const beaten = own.filter(({ allowed, event, wasRejected }) => allowed && event !== winner && !wasRejected)
  return [whyThis(winning, beaten.length), ...refused.map(whyNot)].join(' ')
}

function whyThis({ allowed, event, rule, sender, step }: JudgedEvent, beaten: number): string {
  if (!allowed) return 'No candidate was allowed; the oldest one stays.'
  const first = `${event} of ${sender} was allowed by ${rule}`
  return beaten === 0 ? `${first}.` : `${first} and came last of the ${beaten + 1} allowed (${ORDERS[step]}).`
}

const ORDERS: Readonly<Record<Step, string>> = {
  power: 'ordered by auth references, then by power level of the sender, then by time',
  mainline: 'ordered by mainline position, then by time',
  'power-levels': 'ordered by depth',
  'join-rules': 'ordered by depth',
  members: 'ordered by depth',
  others: 'ordered by depth',
}

function whyNot({ event, reason, rule }: JudgedEvent): string {
  return `${event} was not allowed by ${rule}: ${reason ?? 'no reason given'}.`
}

function whyNobody(own: readonly JudgedEvent[]): string {
  if (own.length === 0) return 'No candidate is known.'
  const rejected = own.filter(({ allowed, wasRejected }) => allowed && wasRejected)
  const why = rejected.map(({ event }) => `${event} was rejected when it was received.`)
  return ['No candidate was allowed.', ...own.filter(({ allowed }) => !allowed).map(whyNot), ...why].join(' ')
}
