import './node-version.ts'
export type { Acknowledgement, Bus, StreamAccess, StreamConsumer, StreamState } from './bus.ts'
export { type StreamFinding, streamFindings } from './compare-stream.ts'
export { type ConsumerOptions, consumeOutputs, registerConsumer } from './consumer.ts'
export { type Delivery, RepeatFilter } from './delivery.ts'
export {
  type EmbeddedLog,
  type EmbeddedLogOptions,
  type LogEntry,
  type LogSource,
  openEmbeddedLog,
} from './embedded-log.ts'
export {
  connectJetStream,
  connectNats,
  connectRehearsalBus,
  inspectOutputStream,
  type JetStreamOptions,
  openOutputStream,
  outputStreamName,
} from './jetstream.ts'
export { parseNatsAddresses } from './nats-address.ts'
export { natsPlace } from './nats-place.ts'
export {
  messageId,
  type MessageIdParts,
  type OutboxRow,
  type OutboxSource,
  type OutputMessage,
  messageIdInPlaceOf,
  parseMessageId,
  type RenderOutput,
} from './outbox.ts'
export {
  type OutboxRelay,
  RELAY_DEFAULTS,
  type RelayDeps,
  type RelayOptions,
  type RelayStatus,
  startOutboxRelay,
} from './relay.ts'
export { openWakeCalls, type WakeCalls, type WhenDelivered } from './wake-calls.ts'
