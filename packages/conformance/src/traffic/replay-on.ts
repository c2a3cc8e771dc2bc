import { Archive } from './archive.ts'
import { startFederationStub } from './federation-stub.ts'
import { httpPort, openEmbeddedReader, withArchive } from './http-port.ts'
import { openJetStreamReader } from './jetstream-port.ts'
import { RecordedTruth } from './recorded-truth.ts'
import type { Recording } from './recording.ts'
import { type ReplayResult, replay } from './replay.ts'
import type { Servers } from './servers.ts'
import { startTarget } from '@roomserver/testing'

/** Starts a server of ours for a recording, beside what it needs, and replays the recording. */
export async function replayOn(servers: Servers, recording: Recording): Promise<ReplayResult> {
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
