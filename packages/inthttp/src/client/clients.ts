import {
  type ApiOf,
  type AppserviceApi,
  appserviceEndpoints,
  type CallContext,
  type Endpoint,
  type FederationApi,
  federationEndpoints,
  type AdministrationApi,
  administrationEndpoints,
  type InspectionApi,
  inspectionEndpoints,
  type PolicyServerApi,
  policyServerEndpoints,
  type RoomserverApi,
  roomserverEndpoints,
  type UserApi,
  userEndpoints,
} from '@roomserver/api'
import { Peer, type PeerOptions } from './peer.ts'

/** A component behind HTTP. Dispose of it to close its connections. */
export type Client<Api> = Api & AsyncDisposable

/**
 * A room server behind HTTP: the same interface as in process. Failures come with the codes that the server gave
 * them; where it cannot be reached, `COMPONENT_FAILED`.
 *
 * @param url - `http://host:port`, or `unix:/path/of/socket`
 * @throws {TypeError} when the URL is none
 * @example
 * ```ts
 * import { createRoomserverClient } from '@roomserver/inthttp'
 *
 * await using rooms = createRoomserverClient('http://127.0.0.1:7770')
 * console.log(await rooms.queryPublishedRooms({ RoomID: '' }))
 * ```
 */
export function createRoomserverClient(url: string, options: PeerOptions = {}): Client<RoomserverApi> {
  return clientOf(roomserverEndpoints, new Peer('roomserver', url, options))
}

/** The inspection of a room server behind HTTP. @throws {TypeError} when the URL is none */
export function createInspectionClient(url: string, options: PeerOptions = {}): Client<InspectionApi> {
  return clientOf(inspectionEndpoints, new Peer('roomserver', url, options))
}

/** The administration of a room server behind HTTP. @throws {TypeError} when the URL is none */
export function createAdministrationClient(
  url: string,
  options: PeerOptions = {},
): Client<AdministrationApi> {
  return clientOf(administrationEndpoints, new Peer('roomserver', url, options))
}

/** The federation component. @throws {TypeError} when the URL is none */
export function createFederationClient(url: string, options: PeerOptions = {}): Client<FederationApi> {
  return clientOf(federationEndpoints, new Peer('federation', url, options))
}

/** The policy servers of rooms, behind the federation component. @throws {TypeError} when the URL is none */
export function createPolicyServerClient(url: string, options: PeerOptions = {}): Client<PolicyServerApi> {
  return clientOf(policyServerEndpoints, new Peer('federation', url, options))
}

/** The user component. @throws {TypeError} when the URL is none */
export function createUserClient(url: string, options: PeerOptions = {}): Client<UserApi> {
  return clientOf(userEndpoints, new Peer('user', url, options))
}

/** The appservice component. @throws {TypeError} when the URL is none */
export function createAppserviceClient(url: string, options: PeerOptions = {}): Client<AppserviceApi> {
  return clientOf(appserviceEndpoints, new Peer('appservice', url, options))
}

function clientOf<Table extends object>(table: Table, peer: Peer): Client<ApiOf<Table>> {
  const methods = Object.entries<unknown>(table as Readonly<Record<string, unknown>>).map(
    ([name, endpoint]) => {
      const call = (request: unknown, context?: CallContext) =>
        peer.call(name, endpoint as Endpoint, request, context)
      return [name, call] as const
    },
  )
  const client: unknown = { ...Object.fromEntries(methods), [Symbol.asyncDispose]: () => peer.close() }
  return client as Client<ApiOf<Table>>
}
