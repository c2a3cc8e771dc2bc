import { createRoomserverWithMaintenance, type DummyEvents } from '@roomserver/core'
import { encodeBase64 } from '@roomserver/events'
import { type RoomserverServer, serveRoomserver } from '@roomserver/inthttp'
import { type Logger, systemClock } from '@roomserver/types'
import type { Config } from '../config/config.ts'
import { createMetrics } from '../metrics.ts'
import { programVersion } from '../program-version.ts'
import { checkReadiness } from '../readiness.ts'
import { createTracing } from '../tracing/create-tracing.ts'
import { warmUp } from '../warm-up/warm-up.ts'
import { connectComponents } from './connect-components.ts'
import type { AtPoint } from './fault-points.ts'
import { type Scrubber, startScrubber } from './scrubber.ts'
import { type Engine, startEngine } from './start-engine.ts'
import { keepExtremitiesMerged } from './merge-extremities.ts'
import { resumeInbox } from './resume-inbox.ts'
import { forgetTransactions } from './forget-transactions.ts'
import { prepareSocketPath } from './socket-path.ts'

/** A room server that serves. Disposing of it: nothing new is taken, what was begun is finished, all is closed. */
export interface RunningRoomserver extends AsyncDisposable {
  /** Where it listens: `http://…`, or the path of a socket. */
  readonly url: string
}

/**
 * Configuration → engine → door. The parts close in the opposite order.
 *
 * @param at - called at the points that events pass; for crash tests
 */
export async function startRoomserver(config: Config, log: Logger, at?: AtPoint): Promise<RunningRoomserver> {
  if (config.listen.kind === 'unix') await prepareSocketPath(config.listen.path)
  await using parts = new AsyncDisposableStack()
  const tracing = config.tracing && parts.use(createTracing(config.tracing, log))
  const components = parts.use(connectComponents(config, tracing))
  const { federation, user, appservice } = components
  // Meanwhile the databases are waited for.
  const stop = new AbortController()
  parts.defer(() => stop.abort())
  const warm = warmUp(config, log, stop.signal)
  const engine = parts.use(await startEngine(config, log, components, at))
  const { keyId, seed } = config.signingKey
  const { rooms, streamed, dummyEvents } = createRoomserverWithMaintenance(
    {
      store: engine.storage,
      cache: engine.cache,
      input: engine.input,
      clock: systemClock,
      log,
      serverName: config.serverName,
      signingKey: { server: config.serverName, keyId, seed: encodeBase64(seed) },
      federation,
      user,
      appservice,
    },
    { compatibility: config.settings.compatibility },
  )
  parts.use(resumeInbox(engine, log))
  parts.use(forgetTransactions(engine.storage, log))
  parts.use(keepExtremitiesMerged(dummyEvents))
  const scrubber = parts.use(startScrubber(engine.storage, config.settings.scrubber, log))
  await warm
  const server: RoomserverServer = parts.use(
    await serveRoomserver(rooms, {
      ...doorOptions(config, engine, { scrubber, dummyEvents }, log),
      streamed,
      tracing,
    }),
  )
  const owned = parts.move()
  return { url: server.address, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function doorOptions(
  config: Config,
  engine: Engine,
  counted: { readonly scrubber: Scrubber; readonly dummyEvents: DummyEvents },
  log: Logger,
): Parameters<typeof serveRoomserver>[1] {
  const { http, token } = config.settings
  const { status, log: outputs, logBytes } = engine.outputs
  const now = () => systemClock.now()
  const { input, cache } = engine
  const metrics = createMetrics({
    input,
    cache,
    relay: status,
    logBytes,
    ...counted,
    now,
    version: programVersion(),
  })
  const { basicAuth, enabled } = config.metrics
  return {
    listen: config.listen,
    log,
    token,
    outputs,
    observe: (answered) => metrics.observe(answered),
    metrics: enabled ? { ...metrics, ...(basicAuth !== undefined && { basicAuth }) } : undefined,
    readiness: () => checkReadiness(() => engine.storage.probe(), status, now),
    limits: {
      maxBodyBytes: http.max_body,
      maxHeaderBytes: http.max_header,
      maxConcurrentStreams: http.max_concurrent_streams,
      bodyIdleMs: http.body_idle_timeout,
      minBodyBytesPerSecond: http.min_body_rate,
      requestTimeoutMs: http.request_timeout,
      ...(http.max_request_rate > 0 && { requestsPerSecondPerConnection: http.max_request_rate }),
    },
  }
}
