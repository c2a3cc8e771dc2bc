import { createHash } from 'node:crypto'
import type { TransactionRecord, UserId } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkWrite } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<TransactionRecord>()({
  sessionId: int('session_id'),
  user: text('user_id'),
  transactionId: text('transaction_id'),
  eventId: text('event_id'),
})

/** Transactions of clients and the events that they made. */
export interface TransactionsTable extends RowOf<typeof format> {
  /** When it was stored, in milliseconds since the epoch by the clock of the database. */
  ts: number
}

export function transactionQueries(dialect: Dialect, build: Db) {
  const find = prepare(
    build
      .selectFrom('transactions')
      .select('event_id')
      .where('session_id', '=', slot<number>())
      .where('transaction_id', '=', slot<string>())
      .where('user_id', '=', slot<UserId>()),
  )
  const dropOld = prepare(
    sql<{ ts: number }>`delete from transactions where (session_id, user_id, transaction_id) in
      (select session_id, user_id, transaction_id from transactions
        where ts < ${dialect.nowMs} - ${slot<number>()} order by ts limit ${slot<number>()})
      returning ts`.compile(build),
  )
  return {
    event: async (db: Db, sessionId: number, transactionId: string, user: UserId) =>
      (await find(db, sessionId, shortened(transactionId), user))[0]?.event_id,
    add: bulkWrite(dialect, format.from(withShortId), INSERT(dialect.nowMs.compile(build).sql)),
    /** Drops the oldest of those that are older than this, `limit` at the most; returns how many. */
    dropOld: async (db: Db, olderThanMs: number, limit: number) =>
      (await dropOld(db, olderThanMs, limit)).length,
  }
}

const INSERT = (now: string): string => {
  const names = format.names.join(', ')
  return `insert into transactions (${names}, ts) select ${names}, ${now} from v where true on conflict do nothing`
}

/** As it is stored. */
const withShortId = (record: TransactionRecord): TransactionRecord => ({
  ...record,
  transactionId: shortened(record.transactionId),
})

/** Clients choose their transaction IDs; one that an index could not take is stored as its hash. */
function shortened(transactionId: string): string {
  if (transactionId.length <= 512) return transactionId
  return createHash('sha256').update(transactionId).digest('base64url')
}
