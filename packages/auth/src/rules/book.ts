import type { RoomVersionRules } from '@roomserver/version'
import { RULES, type RuleKey, type RuleStep } from './table.ts'

/** The rules of one room version: their steps with the numbers that its specification gives them. */
export interface RuleBook {
  /** `v8 4.3.5.2`. A step that the version does not have carries the number of the step it would belong to. */
  readonly ids: Readonly<Record<RuleKey, string>>
  /** The steps that stand in this version, in order. */
  readonly steps: readonly NumberedStep[]
}

/** A step with its place in one room version. */
export interface NumberedStep {
  readonly key: RuleKey
  /** As verdicts have it, such as `v8 4.3.5.2`. */
  readonly id: string
  /** Such as `4.3.5.2`. */
  readonly number: string
  /** What the step tests and what follows, in our words. */
  readonly text: string
}

const books = new WeakMap<RoomVersionRules, RuleBook>()

/** The rule book of a room version; made once. */
export function ruleBook(rules: RoomVersionRules): RuleBook {
  const known = books.get(rules)
  if (known !== undefined) return known
  const steps = [...numbered(rules)]
  const numbers = new Map(steps.map((step) => [step.key as string, step.number]))
  const ids = Object.fromEntries(ruleKeys().map((key) => [key, idOf(rules, numberOf(key, numbers))]))
  const book: RuleBook = { ids: ids as Record<RuleKey, string>, steps }
  books.set(rules, book)
  return book
}

function idOf(rules: RoomVersionRules, number: string): string {
  return `v${rules.version} ${number}`
}

function ruleKeys(): readonly RuleKey[] {
  return Object.keys(RULES) as RuleKey[]
}

function* numbered(rules: RoomVersionRules): Generator<NumberedStep> {
  const numbers = new Map<string, string>([['', '']])
  const counts = new Map<string, number>()
  for (const key of ruleKeys()) {
    const step: RuleStep = RULES[key]
    const parent = parentOf(key)
    const prefix = numbers.get(parent)
    if (prefix === undefined || !stands(step, rules)) continue
    const place = (counts.get(parent) ?? 0) + 1
    counts.set(parent, place)
    const number = prefix === '' ? `${place}` : `${prefix}.${place}`
    numbers.set(key, number)
    const text = typeof step.text === 'string' ? step.text : step.text(rules.auth)
    yield { key, id: idOf(rules, number), number, text }
  }
}

function stands(step: RuleStep, rules: RoomVersionRules): boolean {
  const properties: Record<string, unknown> = { ...rules.auth, roomId: rules.roomId }
  return Object.entries(step.when ?? {}).every(([name, value]) => properties[name] === value)
}

function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')))
}

function numberOf(key: string, numbers: ReadonlyMap<string, string>): string {
  for (let at = key; at !== ''; at = parentOf(at)) {
    const number = numbers.get(at)
    if (number !== undefined) return number
  }
  return '0'
}
