import { invalidArgument, isFailure, RoomserverError } from '@roomserver/types'
import type { EngineComponents } from './options.ts'

/** The names by which failures call the components, as our clients do: policy servers are behind the federation component. */
const NAMES: Readonly<Record<keyof EngineComponents, string>> = {
  federation: 'federation',
  policyServers: 'federation',
  user: 'user',
  appservice: 'appservice',
}

/**
 * The components of the homeserver as the engine asks them: what one of them throws is a failure of that component, also where
 * it is an object of one's own, which throws whatever it likes.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when one is not an object, such as its URL
 */
export function givenComponents(components: EngineComponents = {}): EngineComponents {
  for (const [option, api] of Object.entries(components) as [keyof EngineComponents, unknown][]) {
    if (!Object.hasOwn(NAMES, option))
      throw invalidArgument(`components.${option}`, `one of ${Object.keys(NAMES).join(', ')}`)
    if (api !== undefined && (typeof api !== 'object' || api === null))
      throw invalidArgument(
        `components.${option}`,
        'a client of the component, or an object with its operations',
      )
  }
  const { federation, policyServers, user, appservice } = components
  return {
    federation: federation && withFailures(NAMES.federation, federation),
    policyServers: policyServers && withFailures(NAMES.policyServers, policyServers),
    user: user && withFailures(NAMES.user, user),
    appservice: appservice && withFailures(NAMES.appservice, appservice),
  }
}

function withFailures<Api extends object>(component: string, api: Api): Api {
  return new Proxy(api, {
    get: (target, operation) => {
      const method: unknown = Reflect.get(target, operation)
      if (typeof method !== 'function' || typeof operation === 'symbol') return method
      return async (...call: readonly unknown[]): Promise<unknown> => {
        try {
          return await (Reflect.apply(method, target, call) as unknown)
        } catch (cause) {
          throw isFailure(cause) ? cause : failed(component, operation, cause)
        }
      }
    },
  })
}

function failed(component: string, operation: string, cause: unknown): RoomserverError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `${component} failed ${operation}: ${reason}`
  return new RoomserverError('COMPONENT_FAILED', { component, operation, reason }, message, { cause })
}
