import { parser } from '@prometheus-io/lezer-promql'

/** A place in an expression where metrics are asked for. */
export interface AskedMetric {
  readonly name: string
  /** What labels have to be equal to, or match. */
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[]
  /** Labels that what is around it groups or joins by. */
  readonly groupedBy: readonly string[]
  /** Whether it is asked how much the metric grew. */
  readonly isGrowth: boolean
}

/** What an expression of Prometheus's query language asks. */
export interface Query {
  /** Where the expression cannot be parsed. */
  readonly faults: readonly string[]
  readonly asked: readonly AskedMetric[]
  /** The labels that the answer keeps of those of the metrics; undefined: all of them. */
  readonly kept: readonly string[] | undefined
}

type Node = ReturnType<typeof parser.parse>['topNode']

/** Growth of what can also become less says nothing. */
const GROWTH = new Set(['rate', 'irate', 'increase'])

/** Reads an expression. */
export function readQuery(expression: string): Query {
  const top = parser.parse(expression).topNode
  const textOf = ({ from, to }: Node) => expression.slice(from, to)
  const inside = (node: Node, ...names: readonly string[]) =>
    below(node)
      .filter(({ name }) => names.includes(name))
      .map(textOf)
  const groupingOf = (node: Node) =>
    childrenOf(node)
      .filter(({ name }) => name === 'AggregateModifier' || name === 'MatchingModifierClause')
      .filter((modifier) => inside(modifier, 'By', 'On').length > 0)
      .flatMap((modifier) => inside(modifier, 'LabelName'))
  const asked = below(top)
    .filter(({ name }) => name === 'VectorSelector')
    .map((selector): AskedMetric => {
      const around = ancestorsOf(selector)
      return {
        name: inside(selector, 'Identifier').join(),
        matchers: below(selector)
          .filter(({ name }) => name.endsWith('LabelMatcher'))
          .map((matcher) => ({
            label: inside(matcher, 'LabelName').join(),
            operator: inside(matcher, 'MatchOp').join(),
            value: inside(matcher, 'StringLiteral').join().slice(1, -1),
          })),
        groupedBy: around.flatMap(groupingOf),
        isGrowth: around
          .filter(({ name }) => name === 'FunctionCall')
          .flatMap((call) => childrenOf(call).filter(({ name }) => name === 'FunctionIdentifier'))
          .some((name) => GROWTH.has(textOf(name))),
      }
    })
  const aggregation = below(top).find(({ name }) => name === 'AggregateExpr')
  return {
    faults: below(top)
      .filter(({ type }) => type.isError)
      .map(({ from }) => `at ${from}: ${expression}`),
    asked,
    kept: aggregation === undefined ? undefined : groupingOf(aggregation),
  }
}

function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child)
  return children
}

/** The nodes below one, what is outside before what is inside it. */
function below(node: Node): readonly Node[] {
  return childrenOf(node).flatMap((child) => [child, ...below(child)])
}

function ancestorsOf(node: Node): readonly Node[] {
  const ancestors: Node[] = []
  for (let above = node.parent; above !== null; above = above.parent) ancestors.push(above)
  return ancestors
}
