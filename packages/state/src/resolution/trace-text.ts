import type { TraceChange, JudgedEvent, ResolutionTrace } from './trace.ts'

/**
 * A trace for people to read: plain text, a line for each thing that happened.
 * @example
 * ```ts
 * import { type ResolveOptions, resolveState, type StateMap, traceText } from '@roomserver/state'
 *
 * declare const states: readonly StateMap[]
 * declare const options: ResolveOptions
 * const { trace } = resolveState(states, { ...options, trace: true })
 * if (trace !== undefined) console.log(traceText(trace))
 * ```
 */
export function traceText(trace: ResolutionTrace): string {
  const { algorithm, authDifference, chain, changes, conflicts, judged, mainline, subgraph } = trace
  return [
    `State resolution ${algorithm} over ${changes.length} state sets (auth chains: ${chain})`,
    ...section(
      'Conflicts',
      conflicts.map((one) => `${entry(one)}: ${one.candidates.map(orNone).join(' | ')}`),
    ),
    ...section('Auth difference', authDifference),
    ...section('Conflicted state subgraph', subgraph),
    ...section('Mainline, newest power levels first', mainline),
    ...section('Checked, in order', judged.map(judgedLine)),
    ...section(
      'Outcome',
      conflicts.map((one) => `${entry(one)} = ${orNone(one.winner)}: ${one.why}`),
    ),
    ...changes.flatMap((list, set) => section(`Changes against state set ${set + 1}`, list.map(changeLine))),
    '',
  ].join('\n')
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)]
}

function entry({ type, stateKey }: { readonly type: string; readonly stateKey: string }): string {
  return stateKey === '' ? type : `${type} ${stateKey}`
}

function orNone(event: string | null): string {
  return event ?? '(none)'
}

function judgedLine(one: JudgedEvent): string {
  const verdict = one.allowed ? `allowed by ${one.rule}` : `not allowed by ${one.rule}: ${one.reason ?? ''}`
  const place = one.mainlinePosition === undefined ? '' : `, mainline ${one.mainlinePosition ?? '-'}`
  const against = one.against.map((other) => `${entry(other)} = ${orNone(other.event)}`).join(', ')
  const rejected = one.wasRejected ? ' (rejected when received)' : ''
  return `[${one.step}${place}] ${one.event} ${entry(one)} of ${one.sender}: ${verdict}${rejected}; against ${against}`
}

function changeLine({ from, to, ...key }: TraceChange): string {
  return `${entry(key)}: ${orNone(from)} -> ${orNone(to)}`
}
