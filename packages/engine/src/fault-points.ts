import type { RoomStep } from '@roomserver/core'
import type { Bus } from '@roomserver/producers'
import type { EngineStore } from '@roomserver/types'

/** Called for each named point that an event passes between its input and the acknowledgement of its outputs. */
export type AtPoint = (point: FaultPoint) => void

/** The points, in the order in which an event passes them. */
export const FAULT_POINTS = [
  'queueing',
  'queued',
  'claiming',
  'claimed',
  'reading',
  'deciding',
  'committing',
  'writing',
  'committed',
  'answering',
  'publishing',
  'published',
  'dropping',
  'dropped',
  'requeueing',
  'requeued',
  'trimming',
  'trimmed',
  'purging',
  'removing',
  'deleting',
] as const

/** One of them. */
export type FaultPoint = (typeof FAULT_POINTS)[number]

/** Tells of each statement that writes: in a transaction, somewhere between its beginning and its end. */
export function onWrite(at: AtPoint): (sql: string) => void {
  return (sql) => {
    if (/^(?:insert|update|delete|with)\b/i.test(sql)) at('writing')
  }
}

/** A store that tells of what is written to it. */
export function observedStore(storage: EngineStore, at: AtPoint): EngineStore {
  return {
    ...storage,
    enqueue: (items, holder) => around(at, 'queueing', 'queued', () => storage.enqueue(items, holder)),
    claimInbox: (holder, limit) => around(at, 'claiming', 'claimed', () => storage.claimInbox(holder, limit)),
    commit: async (writeSets) => {
      const results = await storage.commit(writeSets)
      at('committed')
      return results
    },
    trimOutputs: (retention, now, slice) =>
      around(at, 'trimming', 'trimmed', () => storage.trimOutputs(retention, now, slice)),
    recordDelivered: (delivered) =>
      around(at, 'dropping', 'dropped', () => storage.recordDelivered(delivered)),
    requeueDelivered: (from, slice) =>
      around(at, 'requeueing', 'requeued', () => storage.requeueDelivered(from, slice)),
    purgeRows: async function* (purge) {
      for await (const _ of storage.purgeRows(purge)) {
        at('purging')
        yield
      }
    },
    removeHistory: async function* (purge, how) {
      for await (const _ of storage.removeHistory(purge, how)) {
        at('removing')
        yield
      }
    },
    deleteHistory: async function* (purge, slice) {
      for await (const _ of storage.deleteHistory(purge, slice)) {
        at('deleting')
        yield
      }
    },
    nextOutputs: (delivered, limit) => {
      const next = () => storage.nextOutputs(delivered, limit)
      return delivered.length > 0 ? around(at, 'dropping', 'dropped', next) : next()
    },
  }
}

/** A bus that tells of what goes over it. */
export function observedBus(bus: Bus, at: AtPoint): Bus {
  return {
    lastSequence: () => bus.lastSequence(),
    ...(bus.stream !== undefined && { stream: bus.stream }),
    publish: (message, after) => around(at, 'publishing', 'published', () => bus.publish(message, after)),
    get isConnected() {
      return bus.isConnected
    },
    get isClosed() {
      return bus.isClosed
    },
    get maxPayloadBytes() {
      return bus.maxPayloadBytes
    },
    close: () => bus.close(),
  }
}

/** The points of the input's own steps. */
export function stepsOf(at: AtPoint): (step: RoomStep) => void {
  return (step) => {
    if (step.kind === 'reading-references') at('reading')
    else if (step.kind === 'deciding' && step.eventId !== undefined) at('deciding')
    else if (step.kind === 'committing' || step.kind === 'answering') at(step.kind)
  }
}

async function around<T>(
  at: AtPoint,
  before: FaultPoint,
  after: FaultPoint,
  work: () => Promise<T>,
): Promise<T> {
  at(before)
  const result = await work()
  at(after)
  return result
}
