import type { EventSummary, InspectionApi } from '@roomserver/api'
import type { RoomChanges } from '../open/server-changes.ts'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

/** What the page looks into: a file in the browser, or a room server. Both answer the same questions. */
export interface Inspected {
  readonly kind: 'file' | 'server'
  /** For people: the name of the file, or the address of the server. */
  readonly name: string
  readonly api: InspectionApi
  /** The rooms of a file; `undefined`: those that the server has. */
  readonly roomIds?: readonly string[]
  /** How far a file is evaluated; `undefined`: it is, or it is a server. */
  readonly evaluation?: Evaluation
  /** What can be changed; `undefined`: nothing. */
  readonly changes?: RoomChanges | undefined
}

/** The evaluation of a large file, beside which its graph is shown. */
export interface Evaluation {
  /** An event as it stands now; the same object where that has not changed. */
  readonly now: (event: EventSummary) => EventSummary
  /** Whether everything is evaluated. */
  readonly isEvaluated: () => boolean
  /** Settles when everything is evaluated. */
  readonly ended: Promise<unknown>
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
