import { paged, type RepairRecord, type RepairStore } from '@roomserver/types'

/** How many are read at a time. */
const PAGE = 100

/**
 * The open repairs as lines of text, and how many there are.
 *
 * @param now - in ms since the epoch
 */
export async function* listRepairs(store: RepairStore, now: number): AsyncGenerator<string> {
  let count = 0
  const read = (after: string, limit: number) => store.repairs(after, limit)
  for await (const page of paged({ read, keyOf: ({ eventId }) => eventId, first: '', limit: PAGE })) {
    for (const repair of page) yield* linesOf(repair, now)
    count += page.length
  }
  yield `${count} events wait for missing events`
}

function* linesOf(repair: RepairRecord, now: number): Generator<string> {
  const { eventId, roomId, state, attempts, fetched, sinceTs, nextTs, lastError } = repair
  const next = state === 'failed' ? `, next attempt in ${Math.max(0, minutes(nextTs - now))} min` : ''
  yield `${roomId}  ${eventId}  ${state}: ${attempts} attempts, ${fetched} events fetched, since ${minutes(now - sinceTs)} min${next}`
  if (lastError !== '') yield `    ${lastError}`
}

function minutes(ms: number): number {
  return Math.round(ms / 60_000)
}
