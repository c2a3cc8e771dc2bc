import type { SigningSeed } from '@roomserver/engine'
import type { ServerName } from '@roomserver/types'
import type { TracingSettings } from '../tracing/tracing-settings.ts'
import type { OwnSettings } from './own-section.ts'

export type DatabaseConfig =
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'postgres'
      readonly url: string
      readonly maxConnections: number
      /** Undefined: a connection is used as long as it lives. */
      readonly maxLifetimeSeconds: number | undefined
    }

export type OutputConfig =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'jetstream'
      readonly servers: readonly string[]
      readonly topicPrefix: string
      readonly inMemory: boolean
      readonly disableTlsValidation: boolean
    }

export type ListenConfig =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** All settings of the program, parsed once. Deeply frozen. */
export interface Config {
  /** Where it came from, for people: a path, or `defaults`. */
  readonly source: string
  readonly serverName: ServerName
  readonly signingKey: SigningSeed
  /** Where the key was read from; `undefined`: a variable of the environment, or nowhere. */
  readonly keyFile: string | undefined
  readonly oldKeys: readonly (SigningSeed & { readonly expiredAtMs: number })[]
  readonly database: DatabaseConfig
  readonly output: OutputConfig
  readonly listen: ListenConfig
  /** Names by which callers may ask for it, beside IP addresses and `localhost`, where it listens on loopback without a token. */
  readonly hosts: readonly string[]
  /** Addresses of the other components; one that is missing is not called. */
  readonly components: {
    readonly federation?: string
    readonly user?: string
    readonly appservice?: string
  }
  readonly cacheBytes: number
  readonly metrics: {
    readonly enabled: boolean
    readonly basicAuth?: { readonly username: string; readonly password: string }
  }
  readonly logLevel: LogLevel
  /** Types of `logging` other than standard output, which is where logs go all the same. */
  readonly unusedLogs: readonly string[]
  /** Undefined: nothing is traced. */
  readonly tracing: TracingSettings | undefined
  readonly settings: OwnSettings
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** Freezes a value and all that hangs on it; bytes stay as they are. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}
