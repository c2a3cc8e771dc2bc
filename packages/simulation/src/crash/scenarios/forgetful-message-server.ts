import { cp, glob, mkdtemp, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { outputStreamName } from '@roomserver/producers'
import type { TestServer } from '@roomserver/testing'
import { type ProductionOptions, productionTestBed, type TestBed } from '../test-bed.ts'
import { type Scenario, type ScenarioResult, underLoad } from './under-load.ts'

const STREAM = outputStreamName('Dendrite')
/** How long outputs come between two interventions. */
const LOAD_MS = 3_000
/** How long the server waits for answers that a stopped nats-server owes, before it publishes on. */
const ANSWERS_MS = 6_000
/** How long the server may take to notice that something was done to a stream while it was connected. */
const NOTICE_MS = 15_000

/** Message servers that acknowledged outputs and lost them, while a consumer had not read them. */
export const FORGETFUL_MESSAGE_SERVERS: readonly Scenario[] = [
  forgetting(
    'the store of nats-server put back to an older copy',
    /"reason":"(?:went back|emptied)"/,
    {},
    putBack,
  ),
  forgetting('the end of the store of nats-server cut off', /"reason":"(?:went back|emptied)"/, {}, cutOff),
  forgetting('the stream deleted', /"reason":"recreated"/, {}, deleted),
  forgetting('one of three nats-servers lost with its disk', undefined, { natsServers: 3 }, diskLost),
  forgetting(
    'one of three nats-servers lost with the only replica',
    /"reason":"(?:emptied|recreated)"/,
    { natsServers: 3, replicas: 1 },
    diskLost,
  ),
]

/**
 * @param said - what the log has to say; nothing about lost outputs when left out
 * @param disturb - what is done after outputs came that were not read
 */
function forgetting(
  name: string,
  said: RegExp | undefined,
  options: ProductionOptions,
  disturb: (bed: TestBed, servers: readonly [TestServer, ...TestServer[]]) => Promise<void>,
): Scenario {
  return {
    name,
    needs: 'production',
    run: async (_testBed, seed): Promise<ScenarioResult | string> => {
      await using bed = await productionTestBed(options)
      const { services } = bed
      if (services === undefined) return 'no message server'
      const result = await underLoad(bed, seed, async () => {
        await pause(LOAD_MS)
        await disturb(bed, services.nats)
        await pause(LOAD_MS)
      })
      const log = bed.server.warnings.join('\n')
      const isSaid = said?.test(log) ?? !log.includes('the message server lost outputs')
      const problems = [
        ...result.problems,
        ...(isSaid ? [] : [`the log does not say what happened:\n${log}`]),
        ...(log.includes('are not kept any more') ? ['outputs were said to be gone'] : []),
      ]
      return { ...result, problems }
    },
  }
}

async function putBack({ log }: TestBed, [nats]: readonly [TestServer, ...TestServer[]]): Promise<void> {
  const copy = await mkdtemp(join(tmpdir(), 'roomserver-nats-copy-'))
  await nats.stop()
  await cp(nats.folder, copy, { recursive: true })
  await nats.start()
  log.pauses = true
  await pause(ANSWERS_MS + LOAD_MS)
  await nats.stop('kill')
  await rm(nats.folder, { recursive: true })
  await cp(copy, nats.folder, { recursive: true })
  await rm(copy, { recursive: true })
  await nats.start()
  log.pauses = false
}

/** As a power failure does before the server has forced its last minutes to the disk. */
async function cutOff({ log }: TestBed, [nats]: readonly [TestServer, ...TestServer[]]): Promise<void> {
  log.pauses = true
  await pause(LOAD_MS)
  await nats.stop('kill')
  for await (const file of glob(join(nats.folder, `jetstream/*/streams/${STREAM}/msgs/*`))) {
    if (file.endsWith('.blk')) await truncate(file, Math.floor((await stat(file)).size / 2))
    else await rm(file)
  }
  await nats.start()
  log.pauses = false
}

async function deleted({ log }: TestBed, [nats]: readonly [TestServer, ...TestServer[]]): Promise<void> {
  log.pauses = true
  await pause(NOTICE_MS)
  const connection = await connect({ servers: nats.url })
  await (await jetstreamManager(connection)).streams.delete(STREAM)
  await connection.close()
  await pause(NOTICE_MS)
  log.pauses = false
}

async function diskLost({ log }: TestBed, servers: readonly [TestServer, ...TestServer[]]): Promise<void> {
  const connection = await connect({ servers: servers.map(({ url }) => url) })
  const { cluster } = await (await jetstreamManager(connection)).streams.info(STREAM)
  await connection.close()
  const holder = servers[Number(cluster?.leader?.slice(1) ?? 1) - 1] ?? servers[0]
  log.pauses = true
  await pause(NOTICE_MS)
  await holder.stop('kill')
  await rm(holder.folder, { recursive: true })
  await pause(LOAD_MS)
  await holder.start()
  await pause(NOTICE_MS)
  log.pauses = false
}
