/** Whoever wants to know how long what takes, and for whom. Without one nothing is measured. */
export interface Tracing {
  /**
   * Runs an operation of the room server.
   *
   * @param traceparent - what the caller says of its own trace
   * @see https://www.w3.org/TR/trace-context/
   */
  operation<T>(name: string, traceparent: string | undefined, work: () => Promise<T>): Promise<T>
  /** Runs a call of another component, which is told where it stands in the trace. */
  call<T>(component: string, operation: string, work: (traceparent: string) => Promise<T>): Promise<T>
}
