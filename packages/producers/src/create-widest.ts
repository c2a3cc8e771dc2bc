import { JetStreamApiError } from '@nats-io/jetstream'

/** What is answered when there are fewer servers than a stream wants replicas: no cluster, or too few of one. */
const ONE_SERVER = 10_074
const TOO_FEW_PEERS = 10_005
/** How long the servers of a cluster have to find each other, before a stream is created on fewer. */
const ATTEMPTS = 20
const MOST_REPLICAS = 3

/**
 * Creates a stream on as many servers as there are, at most three. Nobody says how many there are, so it is tried; those of a
 * cluster that has just been started find each other.
 *
 * @param create - creates it with so many replicas
 * @param pause - waits between two attempts
 * @throws what `create` throws, unless that is that there are fewer servers
 */
export async function createWidest<T>(
  create: (replicas: number) => Promise<T>,
  pause: () => Promise<void>,
): Promise<T> {
  let replicas = MOST_REPLICAS
  for (let attempts = 1; ; attempts++) {
    try {
      return await create(replicas)
    } catch (error) {
      const code = errorCode(error)
      if (replicas === 1 || (code !== ONE_SERVER && code !== TOO_FEW_PEERS)) throw error
      if (code === ONE_SERVER) replicas = 1
      else if (attempts <= ATTEMPTS) await pause()
      else replicas--
    }
  }
}

/** The code of an answer of JetStream; `undefined`: it is another error. */
export function errorCode(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined
}
