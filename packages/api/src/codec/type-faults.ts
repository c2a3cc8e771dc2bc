/** Remembers the first value of a wrong type and where it stood, and says so in Go's words. */
export class TypeFaults {
  first: string | undefined
  private struct = ''
  private fields: readonly string[] = []

  /** Runs `read` for a member, whose faults are told as the struct's. A struct without a name keeps the outer one. */
  within<T>(struct: string, field: string, read: () => T): T {
    const outer = this.struct
    const outerFields = this.fields
    if (struct !== '') this.struct = struct
    this.fields = [...outerFields, field]
    const value = read()
    this.struct = outer
    this.fields = outerFields
    return value
  }

  /** Notes that `found` (`number`, `array` …) cannot become a value of the Go type. */
  note(found: string, goType: string): void {
    if (this.first !== undefined) return
    const into =
      this.fields.length > 0 ? `Go struct field ${this.struct}.${this.fields.join('.')}` : 'Go value'
    this.first = `json: cannot unmarshal ${found} into ${into} of type ${goType}`
  }

  /** Notes a fault that is told in other words. */
  noteText(message: string): void {
    this.first ??= message
  }
}
