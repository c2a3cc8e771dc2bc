import { type EventsInProgress, openEvents, readEventStream } from '@roomserver/inspect'
import type { Evaluation, Inspected } from '../app/inspection-context.ts'
import { countText } from '../text/time.ts'

/** Larger files take more memory than a page should. */
const MAX_FILE_BYTES = 512 * 1024 * 1024
/** The graph of a file of more events is shown before they are evaluated. */
const LARGE = 2_000

/** Who opens a file. */
export interface Opener {
  /** Told what is being done, for people. */
  readonly onProgress: (says: string) => void
  /** Given a large file when its graph can be shown; it is evaluated meanwhile. */
  readonly onGraph: (inspected: Inspected) => void
  /** Whether the file is still to be opened. */
  readonly isWanted: () => boolean
}

/** What was opened, and what of it could not be read. */
export interface OpenedFile {
  readonly inspected: Inspected
  readonly problems: readonly string[]
}

/** Another file was opened meanwhile. */
export class NotWanted extends Error {
  constructor() {
    super('another file was opened meanwhile')
  }
}

/**
 * Opens a file of events. Everything happens in this page: nothing is sent.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when there are no events in it
 * @throws {NotWanted} when another one was opened meanwhile
 */
export async function openFile(file: File, { isWanted, onGraph, onProgress }: Opener): Promise<OpenedFile> {
  if (file.size > MAX_FILE_BYTES)
    throw new Error(`it has ${countText(file.size)} bytes; at most ${countText(MAX_FILE_BYTES)} are read`)
  const expectWanted = (): void => {
    if (!isWanted()) throw new NotWanted()
  }
  const rest = async (): Promise<void> => {
    await nextTurn()
    expectWanted()
  }
  if (await isCompressed(file)) throw new Error('it is compressed; unpack it first')
  onProgress(`Reading ${file.name}`)
  // The page shows that it reads before it is busy with it.
  await rest()
  const events = await readEventStream(() => chunksOf(file, expectWanted))
  const ended = Promise.withResolvers<void>()
  let early: Inspected | undefined
  const showGraph = ({ events, inspection: api, isEvaluated, now, roomIds }: EventsInProgress): void => {
    if (events <= LARGE) return
    const evaluation: Evaluation = { now, isEvaluated, ended: ended.promise }
    early = { kind: 'file', name: file.name, api, roomIds, evaluation }
    onGraph(early)
  }
  try {
    const opened = await openEvents(events, {
      progress: (done, all) =>
        onProgress(`Working out the room: ${countText(done)} of ${countText(all)} events`),
      rest,
      onGraph: showGraph,
    })
    const { faults, inspection: api, roomIds } = opened
    if (roomIds.length === 0) throw new Error(['there are no events in it', ...faults.slice(0, 1)].join(': '))
    return { inspected: early ?? { kind: 'file', name: file.name, api, roomIds }, problems: faults }
  } finally {
    ended.resolve()
  }
}

/** Whether it begins as gzip files do. */
async function isCompressed(file: File): Promise<boolean> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  return first === 0x1f && second === 0x8b
}

/** The bytes of a file. Not every browser iterates over a stream by itself. */
async function* chunksOf(file: File, expectWanted: () => void): AsyncGenerator<Uint8Array, void, void> {
  const reader = file.stream().getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      expectWanted()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

/** Lets the page draw and take input. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => resolve()
    port2.postMessage(undefined)
  })
}
