import type { CareCounts, DatabaseFacts } from '@roomserver/storage'
import type { Config } from '../config/config.ts'
import { type DoctorFinding, error, warning, when } from './finding.ts'

const OLDEST_POSTGRES = 150_000
/** Outputs of seconds are dated by several machines. */
const MAX_CLOCK_DIFFERENCE_MS = 2_000
/** What may wait for a moment. */
const MANY = 1_000

/**
 * What is to be said about a database by what it says of itself.
 *
 * @param now - of this machine, in ms since the epoch
 */
export function databaseFindings(
  { dialect, values }: DatabaseFacts,
  config: Pick<Config, 'database'>,
  now: number,
): readonly DoctorFinding[] {
  const difference = Number(values['now'] ?? now) - now
  return [
    ...(dialect === 'postgres' ? postgresFindings(values, config) : sqliteFindings(values)),
    ...when(values['encoding'] !== 'UTF8' && values['encoding'] !== 'UTF-8', () =>
      error(
        'database-encoding',
        `the database has the encoding ${values['encoding'] ?? '?'}`,
        'events with other letters cannot be stored',
        "create the database with encoding 'UTF8' and move there (pg_dump)",
      ),
    ),
    ...when(Math.abs(difference) > MAX_CLOCK_DIFFERENCE_MS, () =>
      warning(
        'clock',
        `the clock of the database is ${(difference / 1_000).toFixed(1)} s from that of this machine`,
        'events are dated wrongly, and other servers may refuse them',
        'run a time service (chrony, systemd-timesyncd) on both machines',
      ),
    ),
  ]
}

function postgresFindings(
  values: DatabaseFacts['values'],
  { database }: Pick<Config, 'database'>,
): readonly DoctorFinding[] {
  const is = (name: string, value: string) => values[name] === value
  const version = Number(values['version'])
  const connections = database.kind === 'postgres' ? database.maxConnections : 0
  const hasNewCollation =
    values['collation'] !== undefined && values['collation'] !== values['collation_of_system']
  return [
    ...when(version < OLDEST_POSTGRES, () =>
      error(
        'database-version',
        `PostgreSQL ${Math.floor(version / 10_000)} is older than 15`,
        'statements may fail that this program needs',
        'upgrade PostgreSQL',
      ),
    ),
    ...when(is('transaction_read_only', 'on'), () =>
      error(
        'database-read-only',
        'the server takes no writes',
        'it is a standby, or a primary that was demoted: every event is refused with 503',
        'connect to the primary (target_session_attrs=read-write with several servers)',
      ),
    ),
    ...when(is('fsync', 'off'), () =>
      error(
        'database-fsync',
        'fsync is off',
        'a crash of the machine may destroy the database',
        'alter system set fsync = on; select pg_reload_conf()',
      ),
    ),
    ...when(is('full_page_writes', 'off'), () =>
      warning(
        'database-full-page-writes',
        'full_page_writes is off',
        'a crash of the machine may destroy pages, unless the file system never tears them',
        'alter system set full_page_writes = on; select pg_reload_conf()',
      ),
    ),
    ...when(is('synchronous_commit', 'off'), () =>
      error(
        'database-synchronous-commit',
        'synchronous_commit is off',
        'events that were acknowledged are lost when the server crashes',
        'alter role … set synchronous_commit = on (or alter system)',
      ),
    ),
    ...when(is('synchronous_commit', 'local') || is('synchronous_commit', 'remote_write'), () =>
      warning(
        'database-synchronous-commit',
        `synchronous_commit is ${values['synchronous_commit']}`,
        'a standby that takes over may lack events that were acknowledged',
        'alter system set synchronous_commit = on',
      ),
    ),
    ...when((values['synchronous_standby_names'] ?? '') !== '' && is('standbys', '0'), () =>
      error(
        'database-standby',
        `no synchronous standby is connected (synchronous_standby_names = ${values['synchronous_standby_names']})`,
        'commits wait for one, without end',
        'start the standby, or take it out of synchronous_standby_names',
      ),
    ),
    ...when(hasNewCollation, () =>
      warning(
        'database-collation',
        `the database was made with version ${values['collation']} of its collation, the system has ${values['collation_of_system']}`,
        "the program's own indexes are in the order of bytes and are right; others in the database may not be",
        'reindex what others made, then alter database … refresh collation version',
      ),
    ),
    ...when(Number(values['max_connections']) < connections, () =>
      warning(
        'database-connections',
        `max_open_conns is ${connections}, and the server takes ${values['max_connections']} connections`,
        'requests fail when the server has no connection left',
        'lower room_server.database.max_open_conns, or raise max_connections',
      ),
    ),
    ...when(is('may_make_temporary', 'false'), () =>
      warning(
        'database-temporary',
        'the role may not make temporary tables',
        'the server starts without its warm-up, so that the first requests are slow',
        'grant temporary on database … to the role, or set roomserver.warm_up: 0s',
      ),
    ),
  ]
}

function sqliteFindings(values: DatabaseFacts['values']): readonly DoctorFinding[] {
  return when(values['journal_mode'] !== 'wal', () =>
    warning(
      'database-journal',
      `the journal mode is ${values['journal_mode']}, not wal`,
      'backups stop the server while they are made; the file system may not support shared memory',
      'put the file on a local disk',
    ),
  )
}

/** What waits, and what somebody should look at. */
export function careFindings(counts: CareCounts): readonly DoctorFinding[] {
  return [
    ...when(counts.waitingOutputs >= MANY, () =>
      warning(
        'outputs-waiting',
        `${counts.waitingOutputs} outputs or more wait for the message server`,
        'other components learn of events late',
        'start NATS, or see in the log of the leader why it does not deliver',
      ),
    ),
    ...when(counts.inbox >= MANY, () =>
      warning(
        'inbox',
        `${counts.inbox} asynchronous inputs or more are not settled`,
        'they were acknowledged, and their events are not decided yet',
        'start the server, or give it more time; see the log for rooms that are quarantined',
      ),
    ),
    ...when(counts.stateResets > 0, () =>
      warning(
        'state-resets',
        `${counts.stateResets} changes of room states fell back to an older event`,
        'a state reset: users may have lost memberships or power levels',
        "'roomserver repair ROOM --state-from-servers' compares a room with that of other servers",
      ),
    ),
    ...when(counts.unverifiedStates > 0, () =>
      warning(
        'remote-states',
        `${counts.unverifiedStates} events stand at a state that another server supplied`,
        'it is verified when the history before them has come; until then it is believed',
        "'roomserver repair ROOM' asks for the missing events again",
      ),
    ),
  ]
}
