/** An operation of the room server that somebody asks for. */
export interface TracedOperation {
  readonly name: string
  /**
   * What the caller says of its own trace.
   *
   * @see https://www.w3.org/TR/trace-context/
   */
  readonly traceparent: string | undefined
  /** The room that the request names. */
  readonly roomId: string | undefined
}

/** Whoever wants to know how long what takes, and for whom. Without one nothing is measured. */
export interface Tracing {
  /**
   * Runs an operation of the room server.
   *
   * @param work - told the ID of the trace, where it is recorded
   */
  operation<T>(operation: TracedOperation, work: (traceId: string | undefined) => Promise<T>): Promise<T>
  /** Runs a call of another component, which is told where it stands in the trace. */
  call<T>(component: string, operation: string, work: (traceparent: string) => Promise<T>): Promise<T>
}
