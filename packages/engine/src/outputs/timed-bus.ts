import type { Bus } from '@roomserver/producers'

/** A bus that tells how long it took to store each message. */
export function timedBus(bus: Bus, onPublished: (ms: number) => void): Bus {
  return {
    lastSequence: () => bus.lastSequence(),
    ...(bus.stream !== undefined && { stream: bus.stream }),
    publish: async (message, after) => {
      const begun = performance.now()
      const stored = await bus.publish(message, after)
      onPublished(performance.now() - begun)
      return stored
    },
    get isConnected() {
      return bus.isConnected
    },
    get isClosed() {
      return bus.isClosed
    },
    get maxPayloadBytes() {
      return bus.maxPayloadBytes
    },
    close: () => bus.close(),
  }
}
