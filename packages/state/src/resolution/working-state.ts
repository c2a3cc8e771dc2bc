import type { EventNode } from './event-node.ts'
import type { Conflict } from './conflicted-state.ts'

/** What is resolved so far: an event, or `null` for a conflict that still has none. */
export class WorkingState {
  readonly #types = new Map<string, Map<string, EventNode | null>>()

  constructor(conflicts: readonly Conflict[]) {
    for (const { type, stateKey } of conflicts) this.#keys(type).set(stateKey, null)
  }

  /** `undefined`: no conflict, and nothing was put there. */
  get(type: string, stateKey: string): EventNode | null | undefined {
    return this.#types.get(type)?.get(stateKey)
  }

  /** This state as if the event stood in it. */
  with(node: EventNode): Pick<WorkingState, 'get'> {
    const own = node.pdu
    return {
      get: (type, stateKey) =>
        type === own.type && stateKey === own.stateKey ? node : this.get(type, stateKey),
    }
  }

  put(node: EventNode): void {
    const { type, stateKey } = node.pdu
    if (stateKey !== undefined) this.#keys(type).set(stateKey, node)
  }

  /** Every event that stands in it. */
  *events(): Generator<EventNode, void, void> {
    for (const keys of this.#types.values()) {
      for (const node of keys.values()) if (node !== null) yield node
    }
  }

  #keys(type: string): Map<string, EventNode | null> {
    let keys = this.#types.get(type)
    if (keys === undefined) this.#types.set(type, (keys = new Map()))
    return keys
  }
}
