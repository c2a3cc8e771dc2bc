import type { FederationApi } from '@roomserver/api'
import { decodeBase64, ed25519, encodeBase64 } from '@roomserver/events'
import { type EventId, type EventRecord, NO_NID } from '@roomserver/types'
import type { Homeserver } from './homeserver.ts'

type Answers = Pick<
  FederationApi,
  'lookupMissingEvents' | 'getEventAuth' | 'lookupStateIds' | 'lookupState' | 'getEvent' | 'queryPublicKey'
>

const json = (records: readonly EventRecord[]): readonly string[] => records.map((record) => record.json)
const ids = (records: readonly EventRecord[]): readonly EventId[] => records.map((record) => record.eventId)

/** The federation component as a server sees it that may ask one other server, honest and complete. */
export async function otherServer(hs: Homeserver): Promise<Answers> {
  const { storage } = hs
  const seed = decodeBase64('A'.repeat(43))
  const key = encodeBase64(await ed25519.publicKey(seed as Uint8Array<ArrayBuffer>))

  /** Walks from events to those that they name, breadth first. */
  async function walk(
    from: readonly EventId[],
    names: (event: { prev_events: unknown[]; auth_events: unknown[] }) => readonly unknown[],
    limit: number,
    stop: ReadonlySet<EventId>,
  ): Promise<readonly EventRecord[]> {
    const found = new Map<EventId, EventRecord>()
    let layer = from
    while (layer.length > 0 && found.size < limit) {
      const next: EventId[] = []
      for (const record of await storage.eventsById(layer)) {
        for (const ref of names(JSON.parse(record.json))) next.push(Array.isArray(ref) ? ref[0] : ref)
      }
      layer = [...new Set(next)].filter((id) => !found.has(id) && !stop.has(id))
      for (const record of await storage.eventsById(layer)) found.set(record.eventId, record)
    }
    return [...found.values()].slice(0, limit)
  }
  const authChain = (of: readonly EventId[]) => walk(of, (event) => event.auth_events, Infinity, new Set())
  const stateBefore = async (id: EventId): Promise<readonly EventRecord[]> => {
    const [event] = await storage.eventsById([id])
    if (event === undefined || event.before === NO_NID) throw new Error('404 not found')
    return storage.eventsById(await hs.stateAt(event.before))
  }

  return {
    lookupMissingEvents: async ({ Missing }) => {
      const { latest_events: latest, earliest_events: earliest, limit } = Missing
      return { events: json(await walk(latest, (event) => event.prev_events, limit, new Set(earliest))) }
    },
    getEventAuth: async ({ EventID }) => ({ auth_chain: json(await authChain([EventID])) }),
    lookupStateIds: async ({ EventID }) => {
      const state = ids(await stateBefore(EventID))
      return { pdu_ids: state, auth_chain_ids: ids(await authChain(state)) }
    },
    lookupState: async ({ EventID }) => {
      const state = await stateBefore(EventID)
      return { pdus: json(state), auth_chain: json(await authChain(ids(state))) }
    },
    getEvent: async ({ EventID }) => ({
      transaction_id: '',
      origin: 'a',
      destination: 'b',
      origin_server_ts: 0,
      previous_ids: [],
      edus: [],
      pdus: json(await storage.eventsById([EventID])),
    }),
    queryPublicKey: async ({ requests }) => ({
      results: new Map(
        [...requests.keys()].map((name) => [name, { key, expired_ts: 0, valid_until_ts: 4e12 }]),
      ),
    }),
  }
}

/** The same, but for as long as nobody calls `heal` the other server cannot be reached. */
export async function cutOffServer(
  hs: Homeserver,
): Promise<{ readonly federation: FederationApi; readonly heal: () => void }> {
  let isUp = false
  const federation = Object.fromEntries(
    Object.entries(await otherServer(hs)).map(([name, call]) => [
      name,
      async (request: never) => {
        if (!isUp) throw new Error('no route to host')
        return (call as (request: never) => Promise<unknown>)(request)
      },
    ]),
  ) as unknown as FederationApi
  return { federation, heal: () => void (isUp = true) }
}
