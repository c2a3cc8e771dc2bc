export {
  RoomAliasExistsRequest,
  RoomAliasExistsResponse,
  appserviceEndpoints,
  type AppserviceApi,
} from './appservice-api.ts'
export { BodySize, MAX_LIST_ENTRIES } from './limits.ts'
export { type Endpoint, type CallContext, type ApiOf } from './endpoint.ts'
export { HeaderedEvent, EventReference, ClientEvent, StrippedState, StateKeyTuple } from './events.ts'
export {
  type PolicyServerApi,
  PolicyServerError,
  policyServerEndpoints,
  SignByPolicyServerRequest,
  SignByPolicyServerResponse,
} from './federation/policy-servers.ts'
export { federationEndpoints, type FederationApi, type FederationOperation } from './federation-api.ts'
export {
  PublicKeyResult,
  QueryPublicKeyRequest,
  QueryPublicKeyResponse,
  FederationTransaction,
  GetEventAuthRequest,
  GetEventAuthResponse,
  MissingEvents,
  LookupMissingEventsRequest,
  LookupMissingEventsResponse,
  LookupStateIdsRequest,
  LookupStateIdsResponse,
  LookupStateRequest,
  LookupStateResponse,
  GetEventRequest,
  BackfillRequest,
} from './federation/fetching.ts'
export {
  PerformDirectoryLookupRequest,
  PerformDirectoryLookupResponse,
  RemoteHttpError,
  PerformJoinRequestRequest,
  PerformJoinRequestResponse,
  PerformLeaveRequestRequest,
  PerformLeaveRequestResponse,
  PerformInviteRequestRequest,
  PerformInviteRequestResponse,
  PerformOutboundPeekRequest,
  PerformOutboundPeekResponse,
  QueryJoinedHostServerNamesInRoomRequest,
  QueryJoinedHostServerNamesInRoomResponse,
} from './federation/performing.ts'
export {
  administrationEndpoints,
  type AdministrationApi,
  type AdministrationOperation,
} from './administration-api.ts'
export type {
  HistoryPurgesRequest,
  HistoryPurgesResponse,
  HistoryPurgeSummary,
  PurgeHistoryRequest,
  PurgeHistoryResponse,
} from './administration/history-purges.ts'
export type {
  PurgeRoomRequest,
  PurgeRoomResponse,
  PurgesRequest,
  PurgesResponse,
  PurgeSummary,
} from './administration/purges.ts'
export type {
  FailedServer,
  RepairedStateEntry,
  RepairRoomRequest,
  RepairRoomResponse,
  RetriedEvent,
  RetryMissingEventsRequest,
  RetryMissingEventsResponse,
  SuppliedState,
} from './administration/repairs.ts'
export type {
  BlockedRoomsRequest,
  BlockedRoomsResponse,
  BlockedRoomSummary,
  BlockRoomRequest,
  BlockRoomResponse,
  MakeRoomAdminRequest,
  MakeRoomAdminResponse,
  SendEventAsRequest,
  SendEventAsResponse,
  UnblockRoomRequest,
  UnblockRoomResponse,
} from './administration/rooms.ts'
export { inspectionEndpoints, type InspectionApi, type InspectionOperation } from './inspection-api.ts'
export {
  EventStatus,
  EventSummary,
  RuleReference,
  StoredVerdict,
  RuleStep,
  StateReading,
  AuthCheck,
  EventSignature,
  StateChange,
  InspectEventRequest,
  InspectEventResponse,
  InspectEventsRequest,
  InspectEventsResponse,
  InspectGraphRequest,
  InspectGraphResponse,
  ExportRoomRequest,
  ExportedEvent,
  ExportRoomResponse,
  WhatIfRequest,
  WhatIfResponse,
} from './inspection/events.ts'
export {
  RoomSummary,
  InspectRoomsRequest,
  InspectRoomsResponse,
  ServerMembers,
  MembershipCount,
  RoomStorage,
  InspectRoomRequest,
  InspectRoomResponse,
  InspectRoomNameResponse,
  InspectMembersRequest,
  RoomMember,
  InspectMembersResponse,
  InspectJobsRequest,
  RoomJob,
  InspectJobsResponse,
  InspectActivityRequest,
  BusyRoom,
  Figure,
  InspectActivityResponse,
} from './inspection/rooms.ts'
export { InspectArrivalsRequest, ArrivedEvent, InspectArrivalsResponse } from './inspection/arrivals.ts'
export {
  StatePoint,
  InspectStateRequest,
  InspectStateResponse,
  InspectDiffRequest,
  InspectDiffResponse,
  JournalEntry,
  InspectJournalRequest,
  InspectJournalResponse,
  HistoryEntry,
  InspectHistoryRequest,
  InspectHistoryResponse,
  StateSet,
  ResolvedConflict,
  CheckedAgainst,
  ResolutionCheck,
  ResolutionChange,
  InspectResolutionRequest,
  InspectResolutionResponse,
  ExplanationLink,
  ExplainRequest,
  ExplainResponse,
} from './inspection/states.ts'
export {
  InputKind,
  TransactionId,
  InputRoomEvent,
  InputRoomEventsRequest,
  InputRoomEventsResponse,
} from './input.ts'
export {
  OutputNewRoomEvent,
  OutputOldRoomEvent,
  OutputNewInviteEvent,
  OutputRetireInviteEvent,
  OutputRedactedEvent,
  OutputNewPeek,
  OutputNewInboundPeek,
  OutputRetirePeek,
  OutputEvent,
} from './output.ts'
export { PerformErrorCode, PerformError } from './perform-error.ts'
export { roomserverEndpoints, type RoomserverApi, type RoomserverOperation } from './roomserver-api.ts'
export {
  PerformRoomUpgradeRequest,
  PerformRoomUpgradeResponse,
  PerformAdminEvacuateRoomRequest,
  PerformAdminEvacuateRoomResponse,
  PerformAdminEvacuateUserRequest,
  PerformAdminEvacuateUserResponse,
  PerformBackfillRequest,
  PerformBackfillResponse,
} from './roomserver/administration.ts'
export {
  SetRoomAliasRequest,
  SetRoomAliasResponse,
  RemoveRoomAliasRequest,
  RemoveRoomAliasResponse,
  GetRoomIdForAliasRequest,
  GetRoomIdForAliasResponse,
  GetAliasesForRoomIdRequest,
  GetAliasesForRoomIdResponse,
  PerformPublishRequest,
  PerformPublishResponse,
  QueryPublishedRoomsRequest,
  QueryPublishedRoomsResponse,
} from './roomserver/aliases.ts'
export {
  QueryEventsByIdRequest,
  QueryEventsByIdResponse,
  QueryForwardExtremitiesRequest,
  QueryForwardExtremitiesResponse,
  QueryInviteRoomStateRequest,
  QueryInviteRoomStateResponse,
  QueryMissingEventsRequest,
  QueryMissingEventsResponse,
  QueryAuthChainRequest,
  QueryAuthChainResponse,
  QueryServerAllowedToSeeEventRequest,
  QueryServerAllowedToSeeEventResponse,
  QueryRoomVersionForRoomRequest,
  QueryRoomVersionForRoomResponse,
  QueryRoomVersionCapabilitiesRequest,
  QueryRoomVersionCapabilitiesResponse,
} from './roomserver/event-queries.ts'
export {
  PerformInviteRequest,
  PerformInviteResponse,
  PerformJoinRequest,
  PerformJoinResponse,
  PerformLeaveRequest,
  PerformLeaveResponse,
  PerformForgetRequest,
  PerformForgetResponse,
} from './roomserver/membership-changes.ts'
export {
  QueryMembershipForUserRequest,
  QueryMembershipForUserResponse,
  QueryMembershipsForRoomRequest,
  QueryMembershipsForRoomResponse,
  QueryServerJoinedToRoomRequest,
  QueryServerJoinedToRoomResponse,
  QueryServerBannedFromRoomRequest,
  QueryServerBannedFromRoomResponse,
  QueryRestrictedJoinAllowedRequest,
  QueryRestrictedJoinAllowedResponse,
  QueryRoomsForUserRequest,
  QueryRoomsForUserResponse,
  QuerySharedUsersRequest,
  QuerySharedUsersResponse,
  QueryKnownUsersRequest,
  UserProfile,
  QueryKnownUsersResponse,
} from './roomserver/membership-queries.ts'
export {
  PerformPeekRequest,
  PerformPeekResponse,
  PerformUnpeekRequest,
  PerformUnpeekResponse,
  PerformInboundPeekRequest,
  PerformInboundPeekResponse,
} from './roomserver/peeking.ts'
export {
  QueryLatestEventsAndStateRequest,
  QueryLatestEventsAndStateResponse,
  QueryStateAfterEventsRequest,
  QueryStateAfterEventsResponse,
  QueryStateAndAuthChainRequest,
  QueryStateAndAuthChainResponse,
  QueryCurrentStateRequest,
  QueryCurrentStateResponse,
  QueryBulkStateContentRequest,
  QueryBulkStateContentResponse,
} from './roomserver/state-queries.ts'
export { QueryAccountDataRequest, QueryAccountDataResponse, userEndpoints, type UserApi } from './user-api.ts'
export { type Wire, type EmptyList, wireOf } from './wire/annotation.ts'
export { zeroOf, filled } from './wire/zero.ts'
export { whole } from './wire/whole.ts'
export { BodyDecoder } from './codec/body-decoder.ts'
export type { DecodeLimits } from './codec/held-bytes.ts'
export { type Decoded, decode, decodeInSlices } from './codec/decode.ts'
export { encode, encodeEntry, encodeInChunks, writeInChunks } from './codec/encode.ts'
export { type Streamed, type StreamedApi, StreamedList, type StreamedPart } from './codec/streamed-list.ts'
export { openApiDocument } from './openapi/document.ts'
