import { type JetStreamOptions, RELAY_DEFAULTS } from '@roomserver/producers'
import type { OutputRetention } from '@roomserver/types'

/** Outputs stay in the database and are read there by position, in one process. */
export interface OutputLogOptions extends Partial<OutputRetention> {
  readonly kind: 'log'
}

/** Outputs go to NATS JetStream, in the form that Dendrite's components expect. */
export interface OutputRelayOptions extends JetStreamOptions {
  readonly kind: 'jetstream'
  /** Messages on their way at once; 64 unless said otherwise. */
  readonly window?: number
  /** How often the process that delivers looks for outputs that nobody woke it for; 200 ms unless said otherwise. */
  readonly pollMs?: number
  /** How long synchronous input waits with its answer for JetStream to have stored its outputs: 100 ms; 0: not at all. */
  readonly acknowledgementWaitMs?: number
  /** How long outputs are kept that JetStream has stored, in case it loses them; 24 hours unless said otherwise. */
  readonly keepDeliveredMs?: number
  /** How many bytes of them, without their events; 1 GiB unless said otherwise. */
  readonly keepDeliveredBytes?: number
}

/** Where outputs go. */
export type OutputOptions = OutputLogOptions | OutputRelayOptions

/** What the output log keeps unless said otherwise. */
export const DEFAULT_RETENTION: OutputRetention = {
  maxCount: 1_000_000,
  maxBytes: 2 * 1024 * 1024 * 1024,
  maxAgeMs: 30 * 24 * 3_600_000,
}

/** The settings of the relay unless said otherwise. */
export const DEFAULT_RELAY = {
  window: RELAY_DEFAULTS.window,
  pollMs: RELAY_DEFAULTS.pollMs,
  acknowledgementWaitMs: 100,
  keepDeliveredMs: RELAY_DEFAULTS.keepDelivered.maxAgeMs,
  keepDeliveredBytes: RELAY_DEFAULTS.keepDelivered.maxBytes,
} as const
