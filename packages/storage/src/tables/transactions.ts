import { createHash } from 'node:crypto'
import type { EventId, TransactionRecord, UserId } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkWrite } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Transactions of clients and the events that they made. */
export interface TransactionsTable {
  session_id: number
  user_id: UserId
  transaction_id: string
  event_id: EventId
  /** When it was stored, in milliseconds since the epoch by the clock of the database. */
  ts: number
}

type NewTransaction = Omit<TransactionsTable, 'ts'>

const columns: Columns<NewTransaction> = {
  session_id: 'int',
  user_id: 'text',
  transaction_id: 'text',
  event_id: 'text',
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
    add: bulkWrite(dialect, columns, fromTransaction, INSERT(dialect.nowMs.compile(build).sql)),
    /** Drops the oldest of those that are older than this, `limit` at the most; returns how many. */
    dropOld: async (db: Db, olderThanMs: number, limit: number) =>
      (await dropOld(db, olderThanMs, limit)).length,
  }
}

const INSERT = (now: string): string => `insert into transactions
  (session_id, user_id, transaction_id, event_id, ts)
  select session_id, user_id, transaction_id, event_id, ${now} from v where true on conflict do nothing`

function fromTransaction(transaction: TransactionRecord): NewTransaction {
  return {
    session_id: transaction.sessionId,
    user_id: transaction.user,
    transaction_id: shortened(transaction.transactionId),
    event_id: transaction.eventId,
  }
}

/** Clients choose their transaction IDs; one that an index could not take is stored as its hash. */
function shortened(transactionId: string): string {
  if (transactionId.length <= 512) return transactionId
  return createHash('sha256').update(transactionId).digest('base64url')
}
