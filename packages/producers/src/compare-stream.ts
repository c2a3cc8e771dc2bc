import type { StreamConsumer, StreamState } from './bus.ts'

/** What the database knows of the stream. */
export interface KnownStream {
  readonly name: string
  readonly created: string
  /** Number of the latest output that is known to be there. */
  readonly last: number
  /** The first number that a consumer may not have read. */
  readonly unread: number
  readonly consumers: readonly StreamConsumer[]
}

/** What became of a stream since it was last looked at. */
export type StreamChange =
  /** It is as it was, or further. */
  | { readonly kind: 'none' }
  /** Nothing was known of it. */
  | { readonly kind: 'unknown' }
  /** It lost outputs: all from a number on are to be sent again. */
  | { readonly kind: 'lost'; readonly why: LossReason; readonly from: number }
  /** It has outputs that the database does not know, so the database was put back to an older copy. */
  | { readonly kind: 'ahead'; readonly count: number }

/** How outputs got lost. */
export type LossReason = 'recreated' | 'emptied' | 'went back' | 'purged'

/**
 * Compares a stream with what is known of it.
 *
 * What every consumer has read is not sent again where the stream lost all, and with it where consumers were: they would get
 * hours of outputs again. Where it went back to an older state its consumers did so too, and all that it lost is sent.
 *
 * @param waiting - outputs that wait to be delivered, some of which the stream may have: counted before `known` was read
 */
export function compareStream(
  known: KnownStream | undefined,
  found: StreamState,
  waiting: number,
): StreamChange {
  if (known === undefined) return { kind: 'unknown' }
  const isOther = known.created !== found.created || known.name !== found.name
  if (isOther) return { kind: 'lost', why: 'recreated', from: known.unread }
  if (found.last === 0 && known.last > 0) return { kind: 'lost', why: 'emptied', from: known.unread }
  if (found.last < known.last) return { kind: 'lost', why: 'went back', from: found.last + 1 }
  const skipped = found.dropsUnread ? [] : skippedOf(known.consumers, found.consumers)
  if (skipped.length > 0) return { kind: 'lost', why: 'purged', from: Math.min(...skipped) }
  const count = found.last - known.last
  return count > waiting ? { kind: 'ahead', count } : { kind: 'none' }
}

/**
 * Of consumers that got further than by the messages which they were given: the first number that they may lack. What they had
 * acknowledged they do not lack: a message server that was killed forgets how far a consumer was, but not what it deleted.
 */
function skippedOf(before: readonly StreamConsumer[], now: readonly StreamConsumer[]): readonly number[] {
  const known = new Map(before.map((consumer) => [consumer.name, consumer]))
  return now.flatMap((consumer) => {
    const was = known.get(consumer.name)
    if (was === undefined || consumer.given < was.given || isFiltered(consumer)) return []
    const isSkipped = consumer.reached - Math.max(was.reached, was.acknowledged) > consumer.given - was.given
    return isSkipped ? [was.acknowledged + 1] : []
  })
}

/** Whether it leaves messages out that others get; one with the subject of our outputs does not. */
function isFiltered({ config }: StreamConsumer): boolean {
  const subject = config['filter_subject']
  return config['filter_subjects'] !== undefined || (typeof subject === 'string' && subject.includes('.'))
}

/**
 * The consumers of a stream, of which each has acknowledged at least what was gone before. Messages go when all consumers have
 * acknowledged them, or by a purge; a purge moves the consumers too, so that nothing is hidden by this. Replicas of a stream do not
 * forget how far consumers are, and may take a purge over one after the other.
 */
export function consumersOf({
  consumers,
  dropsUnread,
  gone,
  replicas,
}: StreamState): readonly StreamConsumer[] {
  if (dropsUnread || replicas > 1) return consumers
  return consumers.map((one) => ({ ...one, acknowledged: Math.max(one.acknowledged, gone) }))
}

/** The first number of a stream that a consumer may not have read. */
export function firstUnread({ consumers, first, gone }: StreamState): number {
  if (consumers.length === 0) return first
  return 1 + Math.max(gone, Math.min(...consumers.map(({ acknowledged }) => acknowledged)))
}

/** Something about a stream that an operator ought to know. */
export interface StreamFinding {
  readonly code: 'one-replica' | 'drops-unread'
  readonly what: string
  readonly means: string
  readonly remedy: string
}

/** What is to be said about how a stream is set up. */
export function streamFindings({
  name,
  replicas,
  isClustered,
  dropsUnread,
}: StreamState): readonly StreamFinding[] {
  return [
    ...(isClustered && replicas === 1
      ? [
          {
            code: 'one-replica' as const,
            what: `the stream ${name} has one replica in a cluster`,
            means: 'it is away with its node, and gone with the disk of that',
            remedy: `nats stream edit ${name} --replicas 3`,
          },
        ]
      : []),
    ...(dropsUnread
      ? [
          {
            code: 'drops-unread' as const,
            what: `the stream ${name} has a limit of age, number or bytes`,
            means: 'a consumer that is away for longer than that misses outputs',
            remedy: `nats stream edit ${name} --max-age 0 --max-msgs=-1 --max-bytes=-1`,
          },
        ]
      : []),
  ]
}
