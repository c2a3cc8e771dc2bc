import type { JsonReader } from './json-reader.ts'
import type { TypeFaults } from './type-faults.ts'

/** Reads the next value. If it has the wrong type, notes a fault and skips the value. */
export type Read = (input: JsonReader, faults: TypeFaults) => unknown
