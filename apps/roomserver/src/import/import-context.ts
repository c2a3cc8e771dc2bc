import type { Storage } from '@roomserver/storage'
import type { DendriteRedaction, DendriteSource } from './dendrite-source.ts'
import type { NidSupply } from './nid-supply.ts'

/** What all rooms of an import share. */
export interface ImportContext {
  readonly source: DendriteSource
  readonly store: Storage
  readonly nids: NidSupply
  /** Texts of the source's numbers. */
  readonly eventTypes: ReadonlyMap<number, string>
  readonly stateKeys: ReadonlyMap<number, string>
  /** By the event that is redacted. */
  readonly redactions: ReadonlyMap<string, DendriteRedaction>
  /** Called after each part of a room, with the count of its events. */
  readonly onProgress: (events: number) => void
}
