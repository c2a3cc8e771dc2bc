/**
 * Waits for something, but no longer than this; what it then goes on to do counts for nothing.
 *
 * @param what - named in the error, such as `the end of nats-server`
 * @throws {Error} when it takes longer
 */
export async function within<T>(ms: number, what: string, promise: PromiseLike<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what} took longer than ${ms / 1_000} s`)), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
