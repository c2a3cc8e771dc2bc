import { createHash } from 'node:crypto'
import type { EventId, TransactionRecord, UserId } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Columns, Dialect } from '../dialects.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Transactions of clients and the events that they made. */
export interface TransactionsTable {
  session_id: number
  user_id: UserId
  transaction_id: string
  event_id: EventId
}

const columns: Columns<TransactionsTable> = {
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
  return {
    event: async (db: Db, sessionId: number, transactionId: string, user: UserId) =>
      (await find(db, sessionId, shortened(transactionId), user))[0]?.event_id,
    add: bulkInsert(dialect, 'transactions', columns, fromTransaction, 'on conflict do nothing'),
  }
}

function fromTransaction(transaction: TransactionRecord): TransactionsTable {
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
