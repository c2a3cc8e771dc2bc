/** Waits, so that what is under way arrives. */
export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}
