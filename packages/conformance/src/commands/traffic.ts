import { Command, Option } from 'commander'
import { Archive } from '../traffic/archive.ts'
import { DEPARTURES } from '../traffic/departures.ts'
import { startFederationStub } from '../traffic/federation-stub.ts'
import { httpPort, openEmbeddedReader, withArchive } from '../traffic/http-port.ts'
import { openJetStreamReader } from '../traffic/jetstream-port.ts'
import { RecordedTruth } from '../traffic/recorded-truth.ts'
import { type Recording, readRecording } from '../traffic/recording.ts'
import { describeFinding, type ReplayResult, replay } from '../traffic/replay.ts'
import { type Servers, startServers } from '../traffic/servers.ts'
import { startTarget } from '../traffic/target.ts'

interface TrafficOptions {
  readonly database: 'sqlite' | 'postgres'
  readonly jetstream: boolean
  readonly limit: number
}

/** `conformance traffic FILE…`: replays recordings of a real homeserver against fresh servers of ours. */
export function trafficCommand(): Command {
  return new Command('traffic')
    .description('replays recorded traffic against a fresh server and compares answers and outputs')
    .argument('<file...>', 'recordings: JSON Lines, gzipped or not')
    .addOption(
      new Option('--database <which>', 'where the server keeps rooms')
        .choices(['sqlite', 'postgres'])
        .default('sqlite'),
    )
    .option('--jetstream', 'outputs go to a real nats-server', false)
    .option('--limit <count>', 'differences to print', Number, 50)
    .action(async (files: readonly string[], options: TrafficOptions) => {
      await using servers = await startServers(options)
      let passed = 0
      let failed = 0
      for (const file of files) {
        const result = await replayFile(await readRecording(file), servers)
        report(file, result, options.limit)
        passed += result.passed
        failed += result.failed
      }
      process.exitCode = failed > 0 ? 1 : 0
      console.log(`${passed} passed, ${failed} failed`)
    })
}

async function replayFile(recording: Recording, servers: Servers): Promise<ReplayResult> {
  await using owned = new AsyncDisposableStack()
  const federated = recording.lines.some((line) => line.kind === 'federation')
  const truth = new RecordedTruth(recording.lines)
  const archive = new Archive(recording.lines, truth)
  const stub = federated ? owned.use(await startFederationStub(archive)) : undefined
  const database = await servers.freshDatabase()
  const natsUrl = await servers.freshNats()
  const target = owned.use(
    await startTarget({
      serverName: recording.serverName,
      ...(database === undefined ? {} : { database }),
      ...(natsUrl === undefined ? {} : { natsUrl }),
      ...(stub === undefined ? {} : { federationUrl: stub.url }),
    }),
  )
  const reader = owned.use(
    natsUrl === undefined
      ? await openEmbeddedReader(target.url)
      : await openJetStreamReader(natsUrl, target.topicPrefix),
  )
  const port = httpPort(target.url, () => reader.readAll())
  const result = await replay(recording, withArchive(port, archive), truth)
  for (const call of stub?.unanswered.slice(0, 10) ?? [])
    console.log(`asked, but not in the recording: ${call.slice(0, 300)}`)
  return result
}

function report(file: string, result: ReplayResult, limit: number): void {
  for (const { step, finding } of result.failures.slice(0, limit)) console.log(describeFinding(step, finding))
  if (result.failures.length > limit) console.log(`… and ${result.failures.length - limit} more differences`)
  for (const [id, count] of result.departed) {
    const departure = DEPARTURES.find((candidate) => candidate.id === id)
    console.log(`departs as expected, ${count} times: ${id}: ${departure?.reason ?? ''}`)
  }
  console.log(`${file}: ${result.passed} as recorded, ${result.failed} different`)
}
