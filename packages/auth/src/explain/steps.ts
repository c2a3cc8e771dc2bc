import { roomVersion } from '@roomserver/version'
import { type NumberedStep, ruleBook } from '../rules/book.ts'

/** A step on the way to a verdict. */
export interface ExplainedStep {
  /** `v8 4.5.4`. */
  readonly rule: string
  /** What the step tests and what follows. */
  readonly text: string
  /** It did not hold, it did and its own steps were gone through, or it made the verdict. */
  readonly outcome: 'passed over' | 'entered' | 'decided'
}

/**
 * The steps that lead to the one that decided, in order; those that did not hold are listed, but not what stands under
 * them. Empty for an id that is not an authorization rule.
 */
export function stepsTo(rule: string): readonly ExplainedStep[] {
  const [, version = '', number = ''] = /^v(\S+) ([\d.]+)$/.exec(rule) ?? []
  const rules = roomVersion(version)
  if (rules === undefined) return []
  const path = number.split('.').map(Number)
  const steps = ruleBook(rules).steps.flatMap((step) => {
    const outcome = outcomeOf(step, path)
    return outcome === undefined ? [] : [{ rule: step.id, text: step.text, outcome }]
  })
  return steps.at(-1)?.outcome === 'decided' ? steps : []
}

/** A step is on the way when it stands under entered ones only, and not behind the next of those. */
function outcomeOf(step: NumberedStep, path: readonly number[]): ExplainedStep['outcome'] | undefined {
  const places = step.number.split('.').map(Number)
  const last = places.length - 1
  const isInside = places.slice(0, last).every((place, depth) => place === path[depth])
  const [own = 0, decided = 0] = [places[last], path[last]]
  if (!isInside || own > decided) return undefined
  if (own < decided) return 'passed over'
  return places.length === path.length ? 'decided' : 'entered'
}
