import { openEvents, readEventFile } from '@roomserver/inspect'
import type { Inspected } from '../app/inspection-context.ts'
import { countText } from '../text/time.ts'

/** Larger files take more memory than a page should. */
const MAX_FILE_BYTES = 512 * 1024 * 1024

/** What was opened, and what of it could not be read. */
export interface OpenedFile extends Inspected {
  readonly problems: readonly string[]
}

/**
 * Opens a file of events. Everything happens in this page: nothing is sent.
 *
 * @param onProgress - told what is being done, for people
 * @throws {RoomserverError} INVALID_ARGUMENT when there are no events in it
 */
export async function openFile(file: File, onProgress: (says: string) => void): Promise<OpenedFile> {
  if (file.size > MAX_FILE_BYTES)
    throw new Error(`it has ${countText(file.size)} bytes; at most ${countText(MAX_FILE_BYTES)} are read`)
  onProgress(`Reading ${file.name}`)
  const text = await file.text()
  // The page shows that it reads before it is busy with it.
  await nextTurn()
  const { faults, inspection } = await openEvents(readEventFile(text), {
    progress: (done, all) =>
      onProgress(`Working out the room: ${countText(done)} of ${countText(all)} events`),
    rest: nextTurn,
  })
  return { kind: 'file', name: file.name, api: inspection, problems: faults }
}

/** Lets the page draw and take input. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => resolve()
    port2.postMessage(undefined)
  })
}
