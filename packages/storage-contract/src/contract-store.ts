import type { EngineStore } from '@roomserver/types'

/** A store as the contract is held against it: as an engine needs it, and closed at the end of each test. */
export type ContractStore = EngineStore & AsyncDisposable
