import { ROOM_VERSIONS, type RoomVersionRules, roomVersion } from '@roomserver/version'
import { type NumberedStep, ruleBook } from './book.ts'
import {
  describeOther,
  EVENT_GRAPH_RULE,
  handlesRedactions,
  REDACTION_RULES,
  VISIBILITY_RULES,
} from './other-rules.ts'
import type { RuleDescription } from './rule-description.ts'

/**
 * Explains the `rule` of a verdict, such as `v8 4.3.5.2` or `history-visibility 3`; `undefined` for what is none.
 *
 * @see https://spec.matrix.org/v1.19/rooms/
 * @example
 * ```ts
 * import { describeRule } from '@roomserver/auth'
 *
 * console.log(describeRule('v11 4.6.3')?.text)
 * ```
 */
export function describeRule(id: string): RuleDescription | undefined {
  const [, version = '', number = ''] = /^v(\S+) ([\d.]+)$/.exec(id) ?? []
  const rules = roomVersion(version)
  if (rules === undefined) return describeOther(id)
  const steps = ruleBook(rules).steps.filter(
    (step) => step.number === number || number.startsWith(`${step.number}.`),
  )
  if (steps.at(-1)?.number !== number) return undefined
  return { text: steps.map(({ text }) => text).join(' '), url: rulesUrl(rules) }
}

/** The authorization rules of a room version in the specification. */
export function rulesUrl(rules: RoomVersionRules): string | undefined {
  if (rules.stability === 'unstable') return undefined
  return `https://spec.matrix.org/v1.19/rooms/v${rules.version}/#authorisation-rules`
}

/**
 * `docs/rules.md`: every rule of every stable room version with its number.
 *
 * @param checks - key of a rule → file of its check, relative to the sources of this package
 */
export function rulesDocument(checks: ReadonlyMap<string, string>): string {
  const versions = [...ROOM_VERSIONS.values()].filter(({ stability }) => stability === 'stable')
  const graph = section('Events in the event graph', [{ id: EVENT_GRAPH_RULE, file: 'check-event-graph.ts' }])
  const sections = versions.map((rules) => versionSection(rules, checks))
  return `${[HEAD, visibilitySection(), graph, ...sections].join('\n\n')}\n`
}

const HEAD = `# Rules

Every rule that a verdict can name: the steps of the authorization rules of each room version, and a few others.
Printed from \`packages/auth/src/rules/\` by \`pnpm --filter @roomserver/auth run rules\`; do not edit. Rule numbers
are those of the linked pages of the specification, as a browser shows them. Each key, as \`packages/auth/src/rules/table.ts\`
has it, links to the file in which the rule is checked. The supported unstable versions have no pages of their own:
\`org.matrix.msc3667\` has the numbers of version 7 with the strict power levels of 10, \`org.matrix.msc3787\` those of
version 10 with the lenient power levels of 9.`

/** A rule in the document. */
interface Entry {
  readonly id: string
  readonly key?: string
  /** File of the check, relative to the sources of this package. */
  readonly file?: string | undefined
}

function visibilitySection(): string {
  return section(
    'History visibility',
    entriesOf('history-visibility', VISIBILITY_RULES, 'visibility/verdict.ts'),
  )
}

function versionSection(rules: RoomVersionRules, checks: ReadonlyMap<string, string>): string {
  const steps = ruleBook(rules).steps.map(
    ({ id, key }: NumberedStep): Entry => ({ id, key, file: checks.get(key) }),
  )
  const redaction = handlesRedactions(rules)
    ? entriesOf(`v${rules.version} handling-redactions`, REDACTION_RULES, 'check-redaction.ts')
    : []
  return section(`Room version ${rules.version}`, [...steps, ...redaction])
}

function entriesOf(prefix: string, rules: readonly string[], file: string): readonly Entry[] {
  return rules.map((_, i) => ({ id: `${prefix} ${i + 1}`, file }))
}

function section(title: string, entries: readonly Entry[]): string {
  return [`## ${title}`, '', '| rule | key | step |', '| --- | --- | --- |', ...entries.map(row)].join('\n')
}

function row({ id, key, file }: Entry): string {
  const { text = '', url = '' } = describeRule(id) ?? {}
  const name = key === undefined ? (file ?? '') : `\`${key}\``
  const link = file === undefined ? name : `[${name}](../packages/auth/src/${file})`
  return `| [${id}](${url}) | ${link} | ${text} |`
}
