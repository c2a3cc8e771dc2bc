/** Where in the body something stands: the innermost struct with a name, and the members that lead there. */
export interface Place {
  readonly struct: string
  readonly fields: readonly string[]
}

/** What is known of faults at some place. */
export interface FaultsSoFar {
  readonly first: string | undefined
  readonly place: Place
}

/** Remembers the first value of a wrong type and where it stood, and says so in Go's words. */
export class TypeFaults {
  first: string | undefined
  #place: Place = { struct: '', fields: [] }

  get soFar(): FaultsSoFar {
    return { first: this.first, place: this.#place }
  }

  /** Forgets what was noted since then. */
  goBack({ first, place }: FaultsSoFar): void {
    this.first = first
    this.#place = place
  }

  /** Goes into a member; returns the place to {@link leave} to. A struct without a name keeps the outer one's. */
  enter(struct: string, field: string): Place {
    const outer = this.#place
    this.#place = { struct: struct === '' ? outer.struct : struct, fields: [...outer.fields, field] }
    return outer
  }

  /** Goes back to where {@link enter} was called. */
  leave(outer: Place): void {
    this.#place = outer
  }

  /** Notes that `found` (`number`, `array` …) cannot become a value of the Go type. */
  note(found: string, goType: string): void {
    if (this.first !== undefined) return
    const { struct, fields } = this.#place
    const into = fields.length > 0 ? `Go struct field ${struct}.${fields.join('.')}` : 'Go value'
    this.first = `json: cannot unmarshal ${found} into ${into} of type ${goType}`
  }

  /** Notes a fault with a text of its own. */
  noteText(message: string): void {
    this.first ??= message
  }
}
