import type { FederationApi } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import type { PerformContext } from './context.ts'

/**
 * The federation component.
 *
 * @param operation - what it is wanted for, for the error's text
 * @throws {RoomserverError} COMPONENT_NOT_CONFIGURED
 */
export function federationFor({ federation }: PerformContext, operation: string): FederationApi {
  if (federation !== undefined) return federation
  const message = `${operation} needs the federation component, but none is configured`
  throw new RoomserverError('COMPONENT_NOT_CONFIGURED', { component: 'federation', operation }, message)
}
