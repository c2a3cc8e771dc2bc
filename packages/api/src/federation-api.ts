import type { ApiOf } from './endpoint.ts'
import { federationFetchEndpoints } from './federation/fetching.ts'
import { federationPerformEndpoints } from './federation/performing.ts'

// Named, so that declarations keep what stands above each operation.
type Table = typeof federationPerformEndpoints & typeof federationFetchEndpoints

/** What the room server asks of the federation component. */
export const federationEndpoints: Table = { ...federationPerformEndpoints, ...federationFetchEndpoints }

/** The federation component as the room server uses it. Methods reject with `COMPONENT_FAILED` when it does. */
export type FederationApi = ApiOf<typeof federationEndpoints>

/** The name of an operation of the federation component. */
export type FederationOperation = keyof typeof federationEndpoints
