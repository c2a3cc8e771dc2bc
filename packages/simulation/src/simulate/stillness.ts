/** How long the event loop is watched at a time, and how long it may have worked meanwhile to count as still. */
const LOOK_MS = 500
const BUSY_MS = 5
/** After so many looks in a row at a still event loop nothing is going to happen any more. */
const LOOKS = 20

/**
 * Waits for work that is done in this thread alone, unless it waits for what never comes: then the event loop has
 * nothing to do. A machine that is busy with other things slows the work down, and has the loop look no more still.
 *
 * @returns `undefined`: nothing has happened for some seconds
 */
export async function unlessStill<Result>(
  work: Promise<Result>,
  lookMs: number = LOOK_MS,
): Promise<{ readonly result: Result } | undefined> {
  let timer: NodeJS.Timeout | undefined
  const still = new Promise<undefined>((resolve) => {
    let before = performance.eventLoopUtilization()
    let looks = 0
    timer = setInterval(() => {
      const { active, idle } = performance.eventLoopUtilization(before)
      before = performance.eventLoopUtilization()
      looks = idle > 0 && active < BUSY_MS ? looks + 1 : 0
      if (looks === LOOKS) resolve(undefined)
    }, lookMs)
  })
  try {
    return await Promise.race([work.then((result) => ({ result })), still])
  } finally {
    clearInterval(timer)
  }
}
