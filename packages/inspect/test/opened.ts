import type { InspectionApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { openEvents, readEventFile } from '../src/index.ts'

/** Opens events as a file of JSON Lines. */
export async function opened(events: readonly Pdu[]): Promise<InspectionApi> {
  const text = events.map(({ json }) => json).join('\n')
  return (await openEvents(readEventFile(text))).inspection
}
