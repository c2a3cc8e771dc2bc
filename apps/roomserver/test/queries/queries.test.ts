import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type AskedMetric, readQuery } from './promql.ts'
import { busyMetrics, servedMetrics } from './served-metrics.ts'

const DEPLOY = join(import.meta.dirname, '../../../../deploy')
const read = (file: string) => readFileSync(join(DEPLOY, file), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: Readonly<Record<string, string>>
}
const { groups } = parse(read('prometheus/alerts.yaml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[]
}
const RULES = groups.flatMap(({ rules }) => rules)

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string; readonly legendFormat?: string }[]
}
const { panels } = JSON.parse(read('grafana/roomserver.json')) as { readonly panels: readonly Panel[] }

/** What is asked, with the texts that name labels of the answer. */
const ASKED = [
  ...RULES.map(({ alert, expr, annotations }) => ({
    name: alert,
    expr,
    texts: Object.values(annotations).map((text) => text.replaceAll('$labels.', '')),
  })),
  ...panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat = '' }) => ({
      name: title,
      // Grafana puts a time here.
      expr: expr.replaceAll('$__rate_interval', '1m'),
      texts: [legendFormat],
    })),
  ),
]

const served = servedMetrics(await busyMetrics().read())

/** Labels that a metric does not have, or that there is no such metric. */
function unknownIn({ name, matchers, groupedBy }: AskedMetric): readonly string[] {
  const metric = served.get(name)
  if (metric === undefined) return [`there is no metric ${name}`]
  return [...matchers.map(({ label }) => label), ...groupedBy]
    .filter((label) => !metric.labels.has(label))
    .map((label) => `${name} has no label ${label}`)
}

/** What is wrong with a place where a metric is asked for. */
function faultsOf(place: AskedMetric): readonly string[] {
  const { name, matchers, isGrowth } = place
  const values = (label: string) => [...(served.get(name)?.labels.get(label) ?? [])]
  const unmatched = matchers.filter(({ label, operator, value }) => {
    const known = values(label)
    const isKnown = known.some((one) => (operator === '=' ? one === value : matches(one, value)))
    return known.length > 0 && !operator.startsWith('!') && !isKnown
  })
  return [
    ...unknownIn(place),
    ...unmatched.map(({ label, value }) => `no ${label} of ${name} is ${value}`),
    ...(isGrowth && served.get(name)?.type === 'gauge' ? [`${name} can become less, too`] : []),
  ]
}

const matches = (text: string, pattern: string) => new RegExp(`^(?:${pattern})$`).test(text)

describe.each(ASKED)('$name: $expr', ({ expr, texts }) => {
  const { faults, asked, kept } = readQuery(expr)

  it('can be parsed, and asks for metrics and labels that the program serves', () => {
    expect(faults).toEqual([])
    expect(asked).not.toEqual([])
    expect(asked.flatMap(faultsOf)).toEqual([])
  })

  it('is described by labels that its answer has', () => {
    const labels = kept ?? asked.flatMap(({ name }) => [...(served.get(name)?.labels.keys() ?? [])])
    const named = texts.flatMap((text) => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, name]) => name))
    expect(named.filter((name) => !labels.includes(name ?? ''))).toEqual([])
  })
})

// These checks passed for every expression there is, so they are tried on ones that are wrong.
it.each([
  ['sum(rate(roomserver_commits_total[5m])', 'at 38'],
  ['sum(roomserver_nothing)', 'there is no metric roomserver_nothing'],
  ['sum(rate(roomserver_operation_seconds[5m]))', 'there is no metric roomserver_operation_seconds'],
  ['sum by (room) (roomserver_queued_events)', 'roomserver_queued_events has no label room'],
  [
    'sum(sum by (step) (roomserver_step_seconds_sum)) by (room)',
    'roomserver_step_seconds_sum has no label room',
  ],
  [
    'roomserver_events_total / on (room) roomserver_commits_total',
    'roomserver_events_total has no label room',
  ],
  ['roomserver_database_connections{state="lost"}', 'no state of roomserver_database_connections is lost'],
  [
    'roomserver_operation_seconds_count{status=~"3.."}',
    'no status of roomserver_operation_seconds_count is 3..',
  ],
  ['increase(roomserver_queued_events[5m])', 'roomserver_queued_events can become less, too'],
])('finds what is wrong with %s', (expr, fault) => {
  const { faults, asked } = readQuery(expr)
  expect([...faults, ...asked.flatMap(faultsOf)].join('\n')).toContain(fault)
})

interface UnitTest {
  readonly input_series: readonly { readonly series: string }[]
  readonly promql_expr_test: readonly {
    readonly expr: string
    readonly exp_samples: readonly { readonly labels: string }[]
  }[]
}
const { tests } = parse(read('prometheus/alerts.test.yaml')) as { readonly tests: readonly UnitTest[] }

// `pnpm prometheus` runs them.
it('has for each alert rule a test in which it fires and in which it does not', () => {
  const expected = (isFiring: boolean) =>
    tests.flatMap(({ promql_expr_test: checks }) =>
      checks
        .filter(({ exp_samples: samples }) => samples.length > 0 === isFiring)
        .map(({ expr }) => /alertname="(\w+)"/.exec(expr)?.[1]),
    )
  const names = RULES.map(({ alert }) => alert)
  expect(new Set(expected(true))).toEqual(new Set(names))
  expect(new Set(expected(false))).toEqual(new Set(names))
})

it('tests alert rules with series that the program serves', () => {
  const series = tests.flatMap(({ input_series: input }) => input.map((one) => one.series))
  expect(series.flatMap((one) => readQuery(one).asked.flatMap(unknownIn))).toEqual([])
})
