import type { TraceEntry, JudgedEvent, Step } from './trace.ts'

interface Outcome {
  readonly type: string
  readonly stateKey: string
  readonly winner: TraceEntry['event']
}

/** The events that were judged, in order, by the entry that they are about. */
export type JudgedByEntry = ReadonlyMap<string, readonly JudgedEvent[]>

/** Sorts judged events by their entries, so that each conflict finds its own at once. */
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
  if (winning === undefined) return 'It was the only one left, or the first in order, and nothing was judged.'
  const refused = own.filter(({ allowed }) => !allowed)
  const beaten = own.filter(({ allowed, event, wasRejected }) => allowed && event !== winner && !wasRejected)
  return [whyThis(winning, beaten.length), ...refused.map(whyNot)].join(' ')
}

function whyThis({ allowed, event, rule, sender, step }: JudgedEvent, beaten: number): string {
  if (!allowed) return 'No candidate was allowed, so the oldest stays.'
  const first = `${event} of ${sender} was allowed by ${rule}`
  return beaten === 0 ? `${first}.` : `${first} and came last of the ${beaten + 1} allowed (${ORDERS[step]}).`
}

const ORDERS: Readonly<Record<Step, string>> = {
  power: 'in order of citations, then of power of the sender, then of time',
  mainline: 'in order of the power levels that they go back to, then of time',
  'power-levels': 'in order of depth',
  'join-rules': 'in order of depth',
  members: 'in order of depth',
  others: 'in order of depth',
}

function whyNot({ event, reason, rule }: JudgedEvent): string {
  return `${event} was refused by ${rule}: ${reason ?? 'no reason given'}.`
}

function whyNobody(own: readonly JudgedEvent[]): string {
  if (own.length === 0) return 'No candidate is known.'
  const rejected = own.filter(({ allowed, wasRejected }) => allowed && wasRejected)
  const why = rejected.map(({ event }) => `${event} was rejected when it was received.`)
  return ['No candidate was let in.', ...own.filter(({ allowed }) => !allowed).map(whyNot), ...why].join(' ')
}
