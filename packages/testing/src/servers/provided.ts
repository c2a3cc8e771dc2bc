import type {} from 'vitest'

declare module 'vitest' {
  /** What tests get with `inject`, in packages whose `vitest.config.ts` has `SERVERS`. */
  export interface ProvidedContext {
    /** Any database of a running PostgreSQL; tests make their own there with `createDatabase`. */
    postgresUrl: string
    /** A running nats-server with JetStream. */
    natsUrl: string
  }
}
