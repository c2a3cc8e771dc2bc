import './node-version.ts'
export { DEFAULT_LIMITS, type Limits } from './server/limits.ts'
export type {
  Answered,
  LoggedOutput,
  MetricsSource,
  OutputSource,
  Readiness,
  ServerOptions,
} from './server/options.ts'
export type { PageFile, ServedPage } from './server/page-routes.ts'
export { roomserverPlugin, type RoomserverPluginOptions } from './server/plugin.ts'
export { isLoopbackHost } from './server/loopback-host.ts'
export { type Listen, type RoomserverServer, type ServeOptions, serveRoomserver } from './server/serve.ts'
export {
  type Client,
  createAppserviceClient,
  createFederationClient,
  createAdministrationClient,
  createInspectionClient,
  createPolicyServerClient,
  createRoomserverClient,
  createUserClient,
} from './client/clients.ts'
export { type FollowedOutput, type FollowOptions, followOutputs } from './client/follow-outputs.ts'
export type { ObservedCall, PeerOptions } from './client/peer.ts'
export { answerStatus } from './server/error-form.ts'
export type { TracedOperation, Tracing } from './tracing.ts'
