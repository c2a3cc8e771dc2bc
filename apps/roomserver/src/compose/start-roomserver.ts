import { type AtPoint, type Engine, openEngine } from '@roomserver/engine'
import { resolveForTardis } from '@roomserver/inspect'
import { type RoomserverServer, serveRoomserver } from '@roomserver/inthttp'
import { type Logger, systemClock } from '@roomserver/types'
import type { Config } from '../config/config.ts'
import { createMetrics } from '../metrics.ts'
import { newestSchema } from '@roomserver/storage'
import { programCommit, programVersion } from '../program-version.ts'
import { createTracing } from '../tracing/create-tracing.ts'
import { connectComponents } from './connect-components.ts'
import { engineOptions } from './engine-options.ts'
import { createSlowLog, type SlowLog } from './slow-log.ts'
import { createWatch, type Watch } from './watch.ts'
import { inspectorPage } from './inspector-page.ts'
import { refuseUnusableAddress } from './free-address.ts'
import { freeBytes } from './free-bytes.ts'

/** A room server that serves. Disposing of it: nothing new is taken, what was begun is finished, all is closed. */
export interface RunningRoomserver extends AsyncDisposable {
  /** Where it listens: `http://…`, or the path of a socket. */
  readonly url: string
  /** Says that it is about to stop, so that requests go elsewhere; those that come all the same are answered. */
  drain(): void
}

/**
 * Configuration → engine → door. The parts close in the opposite order.
 *
 * @param at - called at the points that events pass; for crash tests
 */
export async function startRoomserver(config: Config, log: Logger, at?: AtPoint): Promise<RunningRoomserver> {
  await refuseUnusableAddress(config.listen)
  await using parts = new AsyncDisposableStack()
  const tracing = config.tracing && parts.use(createTracing(config.tracing, log))
  const slow = createSlowLog(log, config.settings.slow_after)
  const watch = createWatch(tracing, slow)
  const components = parts.use(connectComponents(config, { tracing, observe: watch.called }))
  // Meanwhile the databases are waited for.
  const stop = new AbortController()
  parts.defer(() => stop.abort())
  const warm = config.settings.warm_up === 0 ? undefined : practise(config, log, stop.signal)
  const engine = parts.use(
    await openEngine({ ...engineOptions(config, log, components, at), observer: watch.observer }),
  )
  await warm
  const { enabled, page: isPageWanted } = config.settings.inspection
  const page = enabled && isPageWanted ? await inspectorPage(log) : undefined
  const server: RoomserverServer = parts.use(
    await serveRoomserver(engine.operations, {
      ...doorOptions(config, engine, log, { watch, slow }),
      page,
      tracing,
    }),
  )
  const owned = parts.move()
  return {
    url: server.address,
    drain: () => server.drain(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Loads the practice and starts it. */
async function practise(config: Config, log: Logger, signal: AbortSignal): Promise<void> {
  const { warmUp } = await import('../warm-up/warm-up.ts')
  await warmUp(config, log, signal)
}

function doorOptions(
  config: Config,
  { readiness, parts }: Engine,
  log: Logger,
  { watch, slow }: { readonly watch: Watch; readonly slow: SlowLog },
): Parameters<typeof serveRoomserver>[1] {
  const { administration: admin, http, inspection, token } = config.settings
  const { administration, outputs, streamed, inspection: inspected, ...counted } = parts
  const metrics = createMetrics({
    ...counted,
    relay: outputs.status,
    logBytes: outputs.logBytes,
    freeBytes: () => freeBytes(config.database),
    now: () => systemClock.now(),
    build: { version: programVersion(), commit: programCommit(), schema: newestSchema },
  })
  watch.tell(metrics)
  const { basicAuth, enabled } = config.metrics
  return {
    listen: config.listen,
    hosts: config.hosts,
    log,
    token,
    streamed,
    administration: admin.enabled ? administration : undefined,
    inspection: inspection.enabled ? inspected : undefined,
    tardis: inspection.enabled ? resolveForTardis : undefined,
    outputs: outputs.log,
    observe: (answered) => {
      metrics.observe(answered)
      slow.operation(answered)
    },
    metrics: enabled ? { ...metrics, ...(basicAuth !== undefined && { basicAuth }) } : undefined,
    readiness,
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
