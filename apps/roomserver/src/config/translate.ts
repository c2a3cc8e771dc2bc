import type { z } from 'zod'
import type { ListenConfig, LogLevel, OutputConfig } from './config.ts'
import type { globalSection, loggingSection } from './sections.ts'

/** Where outputs go: without addresses of NATS servers they stay in the database. */
export function outputConfig(jetstream: z.output<typeof globalSection>['jetstream']): OutputConfig {
  if (jetstream.addresses.length === 0) return { kind: 'embedded' }
  return {
    kind: 'jetstream',
    servers: jetstream.addresses,
    topicPrefix: jetstream.topic_prefix,
    inMemory: jetstream.in_memory,
    disableTlsValidation: jetstream.disable_tls_validation,
  }
}

/** `http://localhost:7770` or a path for a socket. A missing port is the scheme's. */
export function listenAddress(socketPath: string | undefined, address: string): ListenConfig {
  if (socketPath !== undefined) return { kind: 'unix', path: socketPath }
  const { hostname, port, protocol } = new URL(address)
  return {
    kind: 'tcp',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  }
}

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** The most talkative level of the outputs; `info` where there are none. Logs go to standard output, whatever the type. */
export function lowestLevel(outputs: NonNullable<z.output<typeof loggingSection>>): LogLevel {
  const wanted = outputs.map(({ level }) => (level === 'panic' ? 'fatal' : level))
  return LEVELS.find((level) => wanted.includes(level)) ?? 'info'
}
