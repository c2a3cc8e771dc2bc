import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A query, and who asks it. */
export interface AskedQuery {
  readonly name: string
  readonly expression: string
}

/** The files for operators. */
export const DEPLOY = join(import.meta.dirname, '../../../../deploy')

/** What a dashboard asks for where it shows a time span of its own. */
const INTERVAL = '1m'

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }[]
}

/** The queries of the dashboard in `deploy/`, by the titles of its panels. */
export async function dashboardQueries(): Promise<readonly AskedQuery[]> {
  const { panels } = JSON.parse(await readFile(join(DEPLOY, 'grafana/roomserver.json'), 'utf8')) as Dashboard
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ name: title, expression: expr.replaceAll('$__rate_interval', INTERVAL) })),
  )
}

/** The query of an alert rule, giving 0 or 1 where the rule itself gives nothing unless it holds. */
export function truthOf(query: string): string {
  return query.replaceAll(/ (==|>|<) (?=\d)/g, ' $1 bool ')
}

/** Queries that find nothing as long as all is well, and why: Prometheus has no series of what never happened. */
export const EMPTY_WHEN_WELL: ReadonlyMap<string, string> = new Map([
  ['Failed requests', 'no request failed'],
  ['RoomserverErrors', 'no request failed'],
  ['RoomserverComponentFails', 'no call failed'],
])
