import type { EventNode } from '../event-node.ts'
import { CheckedEntry } from './check.ts'

/** The entries of the state that matter to checks. */
export class CheckedEntries {
  readonly #entries = new Map<string, Map<string, CheckedEntry>>()

  of(type: string, stateKey: string): CheckedEntry {
    let keys = this.#entries.get(type)
    if (keys === undefined) this.#entries.set(type, (keys = new Map()))
    let entry = keys.get(stateKey)
    if (entry === undefined) keys.set(stateKey, (entry = new CheckedEntry(type, stateKey)))
    return entry
  }

  /** All that have or had something of their own. */
  *placed(): Generator<CheckedEntry, void, void> {
    for (const keys of this.#entries.values()) {
      for (const entry of keys.values()) if (entry.place !== undefined) yield entry
    }
  }

  /** What is resolved for an entry before the check with this label; see {@link CheckedEntry.before}. */
  before(type: string, stateKey: string, label: number): EventNode | null | undefined {
    return this.#entries.get(type)?.get(stateKey)?.before(label)
  }

  /** Takes all checks out of all entries. */
  clearChecks(): void {
    for (const keys of this.#entries.values()) {
      for (const entry of keys.values()) {
        entry.puts.length = 0
        entry.readers.length = 0
      }
    }
  }
}
