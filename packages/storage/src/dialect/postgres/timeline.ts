/** The history of a server's database cluster: each promotion begins a new timeline, of which the number is higher. */
export interface Timeline {
  /** The identifier that a cluster shares with its standbys and copies, and with no other. */
  readonly cluster: string
  /** Undefined for a standby: it writes none, and may be behind. */
  readonly number: number | undefined
}

/** The name of a file of the write-ahead log begins with the timeline. */
const TIMELINE = `select cast(system_identifier as text) as cluster,
  case when pg_is_in_recovery() then null else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline
  from pg_control_system()`

/** The server has no such functions, or does not let us use them. */
const WITHOUT_ANSWER = /^(?:0A|42|XX)/

/**
 * Asks a server for its timeline.
 *
 * @param ask - sends a statement to it
 * @returns undefined where it does not say: a database that only speaks like PostgreSQL
 * @throws what the connection fails with
 */
export async function timelineOf(
  ask: (statement: string) => Promise<{ readonly rows: readonly unknown[] }>,
): Promise<Timeline | undefined> {
  try {
    const [row] = (await ask(TIMELINE)).rows as { cluster: string; timeline: string | null }[]
    if (row === undefined) return undefined
    const number = row.timeline === null ? undefined : Number.parseInt(row.timeline, 16)
    return { cluster: row.cluster, number }
  } catch (error) {
    if (WITHOUT_ANSWER.test(codeOf(error))) return undefined
    throw error
  }
}

/** The code of an error of the database, also of one that was given a name. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return error.cause instanceof Error ? codeOf(error.cause) : String(Reflect.get(error, 'code'))
}

/**
 * Tells a primary from one that took its place. One that was replaced and does not know it still takes connections, for as
 * long as the cluster manager does not reach it, and what is read there is old; so may be what is read from a standby.
 */
export class NewestTimeline {
  readonly #newest = new Map<string, number>()

  /**
   * Takes note of a server.
   *
   * @returns why it cannot be used; undefined where it is not behind one that was seen before
   */
  see(timeline: Timeline): string | undefined {
    const newest = this.#newest.get(timeline.cluster)
    if (timeline.number === undefined) return newest === undefined ? undefined : STANDBY
    if (newest !== undefined && timeline.number < newest) return REPLACED
    this.#newest.set(timeline.cluster, timeline.number)
    return undefined
  }
}

const STANDBY = 'the server is a standby: it may lack what the primary had'
const REPLACED =
  'the server was replaced as the primary, and does not know it; if it was put back on purpose, start this process again'
