import type { AppserviceApi, FederationApi, PolicyServerApi, UserApi } from '@roomserver/api'
import {
  createAppserviceClient,
  createFederationClient,
  createPolicyServerClient,
  createUserClient,
  type ObservedCall,
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

/** Who is told of calls of other components. */
interface ComponentObservers {
  readonly tracing?: Tracing | undefined
  readonly observe?: (call: ObservedCall) => void
}

/** Makes the clients of the components that the configuration names; nothing connects before it is called. */
export function connectComponents(
  { components, settings }: Config,
  { tracing, observe }: ComponentObservers = {},
): Components {
  const options = { timeoutMs: settings.repair.call_time, tracing, observe }
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
