import { ROOM_VERSIONS, type RoomVersionRules, roomVersion } from '@roomserver/version'
import { type NumberedStep, ruleBook } from './book.ts'
import {
  describeOther,
  EVENT_GRAPH_RULE,
  handlesRedactions,
  REDACTION_RULES,
  VISIBILITY_RULES,
} from './other-rules.ts'

/** A rule that a verdict names, for people. */
export interface RuleDescription {
  /** What the step tests and what follows, after the steps that it belongs to. */
  readonly text: string
  /** Where the specification has it; `undefined` for unstable room versions, which have no page. */
  readonly url: string | undefined
}

/**
 * Explains the `rule` of a verdict, such as `v8 4.3.5.2` or `history-visibility 3`; `undefined` for what is none.
 *
 * @see https://spec.matrix.org/v1.19/rooms/
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

/** `docs/rules.md`: every rule of every stable room version with its number. */
export function rulesDocument(): string {
  const versions = [...ROOM_VERSIONS.values()].filter(({ stability }) => stability === 'stable')
  const graph = section('What has a place in a room', [EVENT_GRAPH_RULE])
  return `${[HEAD, visibilitySection(), graph, ...versions.map(versionSection)].join('\n\n')}\n`
}

const HEAD = `# Rules

Every rule that a verdict may name: the steps of the authorization rules for each room version, and a few others.
Printed from \`packages/auth/src/rules/\` by \`pnpm --filter @roomserver/auth run rules\`; do not edit. The numbers
are those of the linked pages, as a browser shows them. The unstable versions that we know have no pages of their own:
\`org.matrix.msc3667\` is numbered as version 7 with the strict power levels of 10, \`org.matrix.msc3787\` as version 10
with the lenient power levels of 9.`

function visibilitySection(): string {
  return section('Who may see an event', rowsOf('history-visibility', VISIBILITY_RULES))
}

function versionSection(rules: RoomVersionRules): string {
  const steps = ruleBook(rules).steps.map(({ id }: NumberedStep) => id)
  const redaction = handlesRedactions(rules)
    ? rowsOf(`v${rules.version} handling-redactions`, REDACTION_RULES)
    : []
  return section(`Room version ${rules.version}`, [...steps, ...redaction])
}

function rowsOf(prefix: string, rules: readonly string[]): string[] {
  return rules.map((_, i) => `${prefix} ${i + 1}`)
}

function section(title: string, ids: readonly string[]): string {
  return [`## ${title}`, '', '| rule | step |', '| --- | --- |', ...ids.map(row)].join('\n')
}

function row(id: string): string {
  const { text = '', url = '' } = describeRule(id) ?? {}
  return `| [${id}](${url}) | ${text} |`
}
