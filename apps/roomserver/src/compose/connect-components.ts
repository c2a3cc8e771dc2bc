import type { AppserviceApi, FederationApi, PolicyServerApi, UserApi } from '@roomserver/api'
import {
  createAppserviceClient,
  createFederationClient,
  createPolicyServerClient,
  createUserClient,
  type Tracing,
} from '@roomserver/inthttp'
import type { Config } from '../config/config.ts'

/** The other components that are configured. */
export interface Components extends AsyncDisposable {
  readonly federation?: FederationApi
  /** The way to the policy servers of rooms. */
  readonly policyServers?: PolicyServerApi
  readonly user?: UserApi
  readonly appservice?: AppserviceApi
}

/** Makes the clients of the components that the configuration names; nothing connects before it is called. */
export function connectComponents({ components, settings }: Config, tracing?: Tracing): Components {
  const options = { timeoutMs: settings.repair.call_time, tracing }
  const owned = new AsyncDisposableStack()
  const { federation, user, appservice } = components
  return {
    ...(federation !== undefined && { federation: owned.use(createFederationClient(federation, options)) }),
    ...(federation !== undefined && {
      policyServers: owned.use(createPolicyServerClient(federation, options)),
    }),
    ...(user !== undefined && { user: owned.use(createUserClient(user, options)) }),
    ...(appservice !== undefined && { appservice: owned.use(createAppserviceClient(appservice, options)) }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
