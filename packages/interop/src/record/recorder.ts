import { asMember, LineWriter } from './line-writer.ts'
import { listenToMessages } from './message-listener.ts'
import { type CallListener, type PassedCall, startRecordingProxy } from './recording-proxy.ts'
import { WorkInProgress } from './work-in-progress.ts'

/** A proxy: the port of 127.0.0.1 it listens on, and the address it passes everything on to. */
export interface ProxyOptions {
  readonly listen: number
  readonly to: string
}

/** Where a recorder stands. */
export interface RecorderOptions {
  /** The recording that is written. */
  readonly file: string
  /** In front of the room server: the other components call this port. */
  readonly roomserver: ProxyOptions
  /** Between the room server and the federation component: the room server calls this port. */
  readonly federation: ProxyOptions
  readonly natsUrl: string
  readonly topicPrefix: string
}

/**
 * Writes down everything that a room server is given and says, in the format that `conformance traffic` replays, until
 * it is disposed of.
 */
export async function startRecorder(options: RecorderOptions): Promise<AsyncDisposable> {
  const owned = new AsyncDisposableStack()
  const lines = owned.use(new LineWriter(options.file))
  const work = new WorkInProgress()
  const { roomserver, federation } = options
  owned.use(await listenToMessages(options, lines, work))
  owned.use(await startRecordingProxy(roomserver.listen, roomserver.to, roomserverCalls(lines, work)))
  owned.use(
    await startRecordingProxy(
      federation.listen,
      federation.to,
      () => (call) => lines.write('federation', membersOf(call)),
    ),
  )
  return owned
}

/** Operations stand where they begin, queries where they are answered. */
function roomserverCalls(lines: LineWriter, work: WorkInProgress): CallListener {
  return (path, request) => {
    if (OPERATION.test(path)) {
      const end = work.operation()
      const line = lines.begin('operation')
      return (call) => {
        end()
        line({ ...membersOf(call), replayable: String(REPLAYABLE.test(path) && request !== '') })
      }
    }
    const wasQuiet = work.isQuiet()
    const changes = work.changes
    return (call) => {
      const isSettled = wasQuiet && work.changes === changes
      lines.write('query', { ...membersOf(call), settled: String(isSettled) })
    }
  }
}

const OPERATION = /\/(perform\w+|inputRoomEvents|setRoomAlias|removeRoomAlias)$/

/** Operations that have the same outcome when they are repeated; others make events of their own, which come as input. */
const REPLAYABLE =
  /\/(performForget|performInboundPeek|performInvite|performPeek|performPublish|performUnpeek|setRoomAlias|removeRoomAlias)$/

function membersOf({ path, status, request, response }: PassedCall): Record<string, string> {
  return {
    path: JSON.stringify(path),
    status: String(status),
    request: asMember(request),
    response: asMember(response),
  }
}
