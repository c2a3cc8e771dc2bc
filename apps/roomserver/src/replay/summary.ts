/** What became of an event that was put in. */
export interface Outcome {
  readonly kind: 'accepted' | 'soft-failed' | 'rejected' | 'malformed' | 'missing' | 'failed'
  /** The rule that decided, where one did. */
  readonly rule?: string | undefined
  readonly reason?: string | undefined
  /** The event, and the room that it is of; undefined where they could not be read. */
  readonly event?: { readonly eventId: string; readonly roomId: string } | undefined
  /** It was there before. */
  readonly known?: boolean
}

const TITLES: Readonly<Record<Outcome['kind'], string>> = {
  accepted: 'accepted',
  'soft-failed': 'soft-failed',
  rejected: 'rejected',
  malformed: 'rejected: malformed, not stored',
  missing: 'rejected: events before them are missing, not stored',
  failed: 'rejected: not processed because of an internal error',
}

/** Counts outcomes, and under each kind the rules that decided, with one reason of each as an example. */
export class Summary {
  #known = 0
  readonly #counts = new Map<Outcome['kind'], number>()
  readonly #reasons = new Map<Outcome['kind'], Map<string, { count: number; readonly example: string }>>()

  add(outcome: Outcome): void {
    const { kind, rule, reason, known = false } = outcome
    if (known) this.#known++
    this.#counts.set(kind, this.count(kind) + 1)
    if (rule === undefined && reason === undefined) return
    const reasons = this.#reasons.get(kind) ?? new Map<string, { count: number; readonly example: string }>()
    this.#reasons.set(kind, reasons)
    const key = rule ?? reason ?? ''
    const counted = reasons.get(key)
    if (counted !== undefined) counted.count++
    else reasons.set(key, { count: 1, example: exampleOf(outcome) })
  }

  count(kind: Outcome['kind']): number {
    return this.#counts.get(kind) ?? 0
  }

  /** The summary for people; its last line is for scripts too. */
  toString(): string {
    const kinds = Object.keys(TITLES) as readonly Outcome['kind'][]
    const lines = kinds.flatMap((kind) => {
      const count = this.count(kind)
      return count === 0 ? [] : [`${String(count).padStart(8)}  ${TITLES[kind]}`, ...this.#reasonLines(kind)]
    })
    const rejected =
      this.count('rejected') + this.count('malformed') + this.count('missing') + this.count('failed')
    const known = this.#known === 0 ? [] : [`${String(this.#known).padStart(8)}  of these already stored`]
    return [
      ...lines,
      ...known,
      '',
      `${this.count('accepted')} accepted, ${this.count('soft-failed')} soft-failed, ${rejected} rejected`,
    ].join('\n')
  }

  #reasonLines(kind: Outcome['kind']): readonly string[] {
    const reasons = [...(this.#reasons.get(kind) ?? [])].toSorted(([, a], [, b]) => b.count - a.count)
    return reasons.map(([key, { count, example }]) => {
      const detail = example === '' ? '' : `: ${count > 1 ? 'for instance, ' : ''}${example}`
      return `${String(count).padStart(14)}  ${key}${detail}`
    })
  }
}

/** One event of many that ended so. */
function exampleOf({ rule, reason, event }: Outcome): string {
  const what = event === undefined ? [] : [`${event.eventId} in ${event.roomId}`]
  return [...what, ...(rule === undefined || reason === undefined ? [] : [reason])].join(': ')
}

/** What became of an event, in a line. */
export function outcomeLine({ kind, rule, reason, event }: Outcome): string {
  const place = event === undefined ? ['', ''] : [event.eventId, event.roomId]
  return [kind, ...place, [rule, reason].filter((part) => part !== undefined).join(': ')].join('\t')
}
