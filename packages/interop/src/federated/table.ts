import type { Usage } from './measure.ts'

/** What one piece of work took of each server; a server that failed at it has no weight. */
export interface FederatedRow {
  readonly name: string
  readonly reference?: Usage | undefined
  readonly production?: Usage | undefined
  readonly embedded?: Usage | undefined
}

/** The servers side by side; `times` is how much longer the reference takes. */
export function federatedTable(rows: readonly FederatedRow[]): string {
  const head = [
    '',
    'reference s',
    'ours s',
    'times',
    'CPU s: reference',
    'ours',
    'peak MiB: reference',
    'ours',
    'SQLite s',
  ]
  const lines = rows.map(({ name, reference, production, embedded }) => [
    name,
    seconds(reference?.seconds),
    seconds(production?.seconds),
    reference && production ? (reference.seconds / production.seconds).toFixed(1) : '',
    seconds(reference?.cpuSeconds),
    seconds(production?.cpuSeconds),
    String(reference?.peakMiB ?? ''),
    String(production?.peakMiB ?? ''),
    seconds(embedded?.seconds),
  ])
  const rule = head.map((_, column) => (column === 0 ? ' --- |' : ' ---: |')).join('')
  return [`| ${head.join(' | ')} |`, `|${rule}`, ...lines.map((line) => `| ${line.join(' | ')} |`)].join('\n')
}

function seconds(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(value < 10 ? 2 : 0)
}
