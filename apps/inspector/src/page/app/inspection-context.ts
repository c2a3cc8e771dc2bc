import type { InspectionApi } from '@roomserver/api'
import type { RoomChanges } from '../open/server-changes.ts'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

/** What the page looks into: a file in the browser, or a room server. Both answer the same questions. */
export interface Inspected {
  readonly kind: 'file' | 'server'
  /** For people: the name of the file, or the address of the server. */
  readonly name: string
  readonly api: InspectionApi
  /** What can be changed; `undefined`: nothing. */
  readonly changes?: RoomChanges | undefined
}

const InspectedContext = createContext<Inspected | undefined>(undefined)

export const InspectedProvider = InspectedContext.Provider

/**
 * What the views look into.
 *
 * @throws {Error} outside of an {@link InspectedProvider}
 */
export function useInspected(): Inspected {
  const inspected = useContext(InspectedContext)
  if (inspected === undefined) throw new Error('nothing has been opened')
  return inspected
}
