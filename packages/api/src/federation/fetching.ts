import type { z } from 'zod'
import { repeatable } from '../endpoint.ts'
import { int, jsonText, list, map, omitZero, serverName, struct, text, version } from '../wire/builders.ts'

/** A public key of a server. */
export const PublicKeyResult = struct('gomatrixserverlib.PublicKeyLookupResult', {
  key: text('Unpadded base64.', 'gomatrixserverlib.Base64Bytes'),
  expired_ts: int('When it expired, in ms; 0: it has not.', 'gomatrixserverlib.Timestamp'),
  valid_until_ts: int('Until when it may be used, in ms; 0: it has expired.', 'gomatrixserverlib.Timestamp'),
})
export type PublicKeyResult = z.infer<typeof PublicKeyResult>

/** Body of a request of `queryPublicKey`. Gives public keys of servers. */
export const QueryPublicKeyRequest = struct('api.QueryPublicKeysRequest', {
  requests: map(
    int('ms', 'gomatrixserverlib.Timestamp'),
    'gomatrixserverlib.PublicKeyLookupRequest',
    '`server/key ID` → when the key has to be valid.',
  ),
})
export type QueryPublicKeyRequest = z.infer<typeof QueryPublicKeyRequest>

/** Answer of `queryPublicKey`. */
export const QueryPublicKeyResponse = struct('api.QueryPublicKeysResponse', {
  results: map(PublicKeyResult, 'gomatrixserverlib.PublicKeyLookupRequest', '`server/key ID` → key.'),
})
export type QueryPublicKeyResponse = z.infer<typeof QueryPublicKeyResponse>

/** Events of another server, unchecked, as it sent them. */
export const FederationTransaction = struct('gomatrixserverlib.Transaction', {
  transaction_id: text('', 'gomatrixserverlib.TransactionID'),
  origin: serverName(),
  destination: serverName(),
  origin_server_ts: int('ms', 'gomatrixserverlib.Timestamp'),
  previous_ids: omitZero(list(text('', 'gomatrixserverlib.TransactionID'))),
  pdus: list(jsonText(), 'Events in the federation format.'),
  edus: omitZero(list(jsonText())),
})
export type FederationTransaction = z.infer<typeof FederationTransaction>

/** Body of a request of `getEventAuth`. Asks a server for the auth chain of an event. */
export const GetEventAuthRequest = struct('inthttp.getEventAuth', {
  S: serverName('Whom to ask.'),
  RoomVersion: version(),
  RoomID: text(),
  EventID: text(),
})
export type GetEventAuthRequest = z.infer<typeof GetEventAuthRequest>

/** Answer of `getEventAuth`. */
export const GetEventAuthResponse = struct('gomatrixserverlib.RespEventAuth', {
  auth_chain: list(jsonText(), 'Events in the federation format.'),
})
export type GetEventAuthResponse = z.infer<typeof GetEventAuthResponse>

/** Which part of the graph is wanted. */
export const MissingEvents = struct('gomatrixserverlib.MissingEvents', {
  limit: int(),
  min_depth: int(),
  earliest_events: list(text(), 'What we have.'),
  latest_events: list(text(), 'What we want the past of.'),
})
export type MissingEvents = z.infer<typeof MissingEvents>

/** Body of a request of `lookupMissingEvents`. Asks a server for the events in a gap. */
export const LookupMissingEventsRequest = struct('inthttp.lookupMissingEvents', {
  S: serverName('Whom to ask.'),
  RoomID: text(),
  Missing: MissingEvents,
  RoomVersion: version(),
})
export type LookupMissingEventsRequest = z.infer<typeof LookupMissingEventsRequest>

/** Answer of `lookupMissingEvents`. */
export const LookupMissingEventsResponse = struct('gomatrixserverlib.RespMissingEvents', {
  events: list(jsonText(), 'Events in the federation format.'),
})
export type LookupMissingEventsResponse = z.infer<typeof LookupMissingEventsResponse>

/** Body of a request of `lookupStateIds`. Asks a server for the IDs of the state before an event. */
export const LookupStateIdsRequest = struct('inthttp.lookupStateIDs', {
  S: serverName('Whom to ask.'),
  RoomID: text(),
  EventID: text('The state before this one.'),
})
export type LookupStateIdsRequest = z.infer<typeof LookupStateIdsRequest>

/** Answer of `lookupStateIds`. */
export const LookupStateIdsResponse = struct('gomatrixserverlib.RespStateIDs', {
  pdu_ids: list(text()),
  auth_chain_ids: list(text()),
})
export type LookupStateIdsResponse = z.infer<typeof LookupStateIdsResponse>

/** Body of a request of `lookupState`. Asks a server for the state before an event. */
export const LookupStateRequest = struct('inthttp.lookupState', {
  S: serverName('Whom to ask.'),
  RoomID: text(),
  EventID: text('The state before this one.'),
  RoomVersion: version(),
})
export type LookupStateRequest = z.infer<typeof LookupStateRequest>

/** Answer of `lookupState`. */
export const LookupStateResponse = struct('gomatrixserverlib.RespState', {
  pdus: list(jsonText(), 'State events in the federation format.'),
  auth_chain: list(jsonText()),
})
export type LookupStateResponse = z.infer<typeof LookupStateResponse>

/** Body of a request of `getEvent`. Asks a server for an event. */
export const GetEventRequest = struct('inthttp.getEvent', {
  S: serverName('Whom to ask.'),
  EventID: text(),
})
export type GetEventRequest = z.infer<typeof GetEventRequest>

/** Body of a request of `backfill`. Asks a server for earlier events. */
export const BackfillRequest = struct('inthttp.backfill', {
  S: serverName('Whom to ask.'),
  RoomID: text(),
  Limit: int(),
  EventIDs: list(text(), 'Where to go back from.'),
})
export type BackfillRequest = z.infer<typeof BackfillRequest>

/** Fetching events, state and keys from other servers. */
export const federationFetchEndpoints = {
  /** Gives public keys of servers. */
  queryPublicKey: repeatable({
    path: '/federationapi/queryPublicKey',
    request: QueryPublicKeyRequest,
    response: QueryPublicKeyResponse,
    summary: 'Gives public keys of servers.',
  }),
  /** Asks a server for the auth chain of an event. */
  getEventAuth: repeatable({
    path: '/federationapi/client/getEventAuth',
    request: GetEventAuthRequest,
    response: GetEventAuthResponse,
    summary: 'Asks a server for the auth chain of an event.',
  }),
  /** Asks a server for the events in a gap. */
  lookupMissingEvents: repeatable({
    path: '/federationapi/client/lookupMissingEvents',
    request: LookupMissingEventsRequest,
    response: LookupMissingEventsResponse,
    summary: 'Asks a server for the events in a gap.',
  }),
  /** Asks a server for the IDs of the state before an event. */
  lookupStateIds: repeatable({
    path: '/federationapi/client/lookupStateIDs',
    request: LookupStateIdsRequest,
    response: LookupStateIdsResponse,
    summary: 'Asks a server for the IDs of the state before an event.',
  }),
  /** Asks a server for the state before an event. */
  lookupState: repeatable({
    path: '/federationapi/client/lookupState',
    request: LookupStateRequest,
    response: LookupStateResponse,
    summary: 'Asks a server for the state before an event.',
    timeoutMs: 120_000,
  }),
  /** Asks a server for an event. */
  getEvent: repeatable({
    path: '/federationapi/client/getEvent',
    request: GetEventRequest,
    response: FederationTransaction,
    summary: 'Asks a server for an event.',
  }),
  /** Asks a server for earlier events. */
  backfill: repeatable({
    path: '/federationapi/client/backfill',
    request: BackfillRequest,
    response: FederationTransaction,
    summary: 'Asks a server for earlier events.',
  }),
}
