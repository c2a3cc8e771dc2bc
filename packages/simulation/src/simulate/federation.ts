import type { FederationApi, PerformJoinRequestResponse, RoomserverApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomserverError, serverOf } from '@roomserver/types'
import { member, parsedEvent } from './compose.ts'
import { historyAnswer } from './history-answer.ts'
import { peekThrough } from './remote-peek.ts'
import { joinThrough } from './remote-join.ts'
import { changeThrough, inviteThrough } from './remote-membership.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { OldState, World } from './world.ts'

const MAX_ROUND_TRIP_MS = 400
/** Rooms are small here, so pages are. */
const MAX_BACKFILL = 10

/** The federation component of one server: it asks the other simulated servers, as far as the network lets it. */
export function simulatedFederation(world: World, self: SimulatedServer): FederationApi {
  const ask = <Result>(name: string, work: (api: RoomserverApi, from: SimulatedServer) => Promise<Result>) =>
    askServer(world, self, name, work)
  const askAbout = <Result>(
    { S, EventID }: { readonly S: string; readonly EventID: string },
    work: (api: RoomserverApi, from: SimulatedServer) => Promise<Result>,
  ) => ask(S, async (api, from) => ((await maySee(world, api, self, EventID)) ? work(api, from) : refuse(S)))
  /** A state of the past that a server tells before an event, if it does, and can be reached. */
  const oldStateOf = async (server: string, eventId: string): Promise<OldState | undefined> => {
    const old = world.rolledBack.get(eventId)
    return old?.liar === server ? await ask(server, async () => old) : undefined
  }
  return {
    queryPublicKey: async ({ requests }) => ({ results: world.publicKeys([...requests.keys()]) }),
    lookupMissingEvents: ({ S, Missing, RoomID }) =>
      ask(S, async (api, from) => {
        const { earliest_events, latest_events, limit } = Missing
        const request = { earliest_events, latest_events, limit, server_name: self.name }
        const { events } = await api.queryMissingEvents(request)
        const texts = (events ?? []).map(({ json }) => json)
        return { events: await historyAnswer(world, from, api, RoomID, texts) }
      }),
    lookupStateIds: async ({ S, RoomID, EventID }) => {
      const old = await oldStateOf(S, EventID)
      if (old !== undefined) return { pdu_ids: idsOf(old.state), auth_chain_ids: idsOf(old.chain) }
      return await askAbout({ S, EventID }, async (api, from) => {
        const { state, chain } = await stateBefore(api, RoomID, EventID)
        const ids = state.map(({ eventId }) => eventId)
        return {
          pdu_ids: world.twistState(from, self, EventID, ids),
          auth_chain_ids: chain.map(({ eventId }) => eventId),
        }
      })
    },
    lookupState: async ({ S, RoomID, EventID }) => {
      const old = await oldStateOf(S, EventID)
      if (old !== undefined) return { pdus: textsOf(old.state), auth_chain: textsOf(old.chain) }
      return await askAbout({ S, EventID }, async (api, from) => {
        const { state, chain } = await stateBefore(api, RoomID, EventID)
        const pdus = state.map(({ json }) => json)
        return {
          pdus: world.twistState(from, self, EventID, pdus),
          auth_chain: chain.map(({ json }) => json),
        }
      })
    },
    getEventAuth: ({ S, EventID }) =>
      askAbout({ S, EventID }, async (api, from) => {
        const { AuthChain } = await api.queryAuthChain({ EventIDs: [EventID] })
        const others = AuthChain.filter(({ eventId }) => eventId !== EventID)
        return {
          auth_chain: world.twist(
            from,
            others.map(({ json }) => json),
          ),
        }
      }),
    getEvent: ({ S, EventID }) =>
      askAbout({ S, EventID }, async (api) => {
        const { events } = await api.queryEventsById({ event_ids: [EventID] })
        if (events.length === 0) throw failed('getEvent', 'no such event')
        return transaction(
          S,
          self.name,
          events.map(({ json }) => json),
        )
      }),
    backfill: ({ S, RoomID, EventIDs, Limit }) =>
      ask(S, async (api, from) => {
        const request = { room_id: RoomID, server_name: self.name, limit: Math.min(Limit, MAX_BACKFILL) }
        const extremities = new Map([['', EventIDs]])
        const { events } = await api.performBackfill({ ...request, backwards_extremities: extremities })
        const texts = events.map(({ json }) => json)
        return transaction(S, self.name, await historyAnswer(world, from, api, RoomID, texts))
      }),
    queryJoinedHostServerNamesInRoom: async ({ room_id, exclude_self }) => {
      const room = await self.storage.room(room_id)
      const servers = room === undefined ? [] : await self.storage.joinedServers(room.nid)
      return { server_names: servers.filter((server) => !exclude_self || server !== self.name) }
    },
    performJoinRequest: async (request) => {
      for (const name of request.server_names) {
        const isIn = await joinThrough(world, self, request, (work) => ask(name, work)).catch(() => false)
        if (isIn) return { JoinedVia: name, LastError: null }
      }
      return notJoined
    },
    performLeaveRequest: async ({ room_id, user_id, server_names }) => {
      const template = member(user_id, user_id, 'leave')
      for (const name of server_names) {
        if (await changeThrough(world, self, room_id, template, (work) => ask(name, work))) return {}
      }
      throw failed('performLeaveRequest', 'no server let the user leave')
    },
    performInviteRequest: async ({ event, room_version, ...shown }) => {
      const invite = event === null ? undefined : parsedEvent(event.json, room_version)
      const name = serverOf(invite?.stateKey ?? '') ?? ''
      const signed = invite && (await inviteThrough(world, invite, shown, (work) => ask(name, work)))
      if (signed === undefined) throw failed('performInviteRequest', `${name} does not take the invite`)
      const { rules, eventId, json } = signed
      return { event: { roomVersion: rules.version, eventId, json } }
    },
    performDirectoryLookup: () => Promise.reject(failed('performDirectoryLookup', 'no aliases')),
    performOutboundPeekRequest: async ({ room_id, server_names }) => {
      for (const name of server_names) {
        const isOpen = await peekThrough(world, self, room_id, (work) => ask(name, work)).catch(() => false)
        if (isOpen) return { LastError: null }
      }
      return { LastError: notLetIn }
    },
  }
}

const notLetIn = { Contents: null, WrappedError: null, Message: 'no server let the user in', Code: 403 }

const notJoined: PerformJoinRequestResponse = {
  JoinedVia: '',
  LastError: notLetIn,
}

const idsOf = (events: readonly Pdu[]): string[] => events.map(({ eventId }) => eventId)
const textsOf = (events: readonly Pdu[]): string[] => events.map(({ json }) => json)

/** Calls another server, if it can be reached and answers. */
export async function askServer<Result>(
  world: World,
  self: SimulatedServer,
  name: string,
  work: (api: RoomserverApi, from: SimulatedServer) => Promise<Result>,
): Promise<Result> {
  world.network.pass(world.dice.below(MAX_ROUND_TRIP_MS))
  const other = world.server(name)
  const isUp = other !== undefined && !other.isDown && world.network.isConnected(self.name, name)
  if (!isUp || (!world.isHealed && world.dice.chance(world.trouble.refused))) {
    throw failed('ask', `${name} does not answer`)
  }
  const answer = await other.call((api) => work(api, other))
  if (answer === undefined) throw failed('ask', `${name} gave no answer`)
  return answer
}

/** Servers tell nothing of a room to those that have no users in it; once all is healed, everybody knows who has. */
async function maySee(
  world: World,
  api: RoomserverApi,
  self: SimulatedServer,
  eventId: string,
): Promise<boolean> {
  if (world.isHealed) return true
  const request = { event_id: eventId, server_name: self.name }
  return (await api.queryServerAllowedToSeeEvent(request)).can_see_event
}

function refuse(server: string): never {
  throw failed('ask', `${server} does not let it see that`)
}

/** The state before an event with its auth chain, as the server has it. */
async function stateBefore(api: RoomserverApi, roomId: string, eventId: string) {
  const event = await eventOf(api, eventId)
  const answer = await api.queryStateAndAuthChain({
    room_id: roomId,
    prev_event_ids: event.prevEvents,
    auth_event_ids: event.authEvents,
    only_fetch_auth_chain: false,
    resolve_state: true,
  })
  if (!answer.prev_events_exist) throw failed('lookupState', 'it does not know the state')
  return { state: answer.state_events, chain: answer.auth_chain_events }
}

async function eventOf(api: RoomserverApi, eventId: string): Promise<Pdu> {
  const [event] = (await api.queryEventsById({ event_ids: [eventId] })).events
  const parsed = event && parsedEvent(event.json, event.roomVersion)
  if (parsed === undefined) throw failed('lookupState', 'no such event')
  return parsed
}

function transaction(origin: string, destination: string, pdus: readonly string[]) {
  return {
    transaction_id: '',
    origin,
    destination,
    origin_server_ts: 0,
    previous_ids: [],
    pdus,
    edus: [],
  }
}

function failed(operation: string, reason: string): RoomserverError {
  const details = { component: 'federation', operation, reason }
  return new RoomserverError('COMPONENT_FAILED', details, `federation: ${operation}: ${reason}`)
}
