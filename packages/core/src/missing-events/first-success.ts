/** How several servers are asked for the same thing. */
export interface Asked {
  /** Servers that are asked at the same time. */
  readonly atOnce: number
  /** After how long another server is asked beside one that is at it, in ms. */
  readonly patienceMs: number
}

/** One attempt of several. Once another has succeeded, it is over and should stop. */
export interface Attempt {
  readonly isOver: () => boolean
}

/**
 * Asks one server after the other, the next as soon as one fails or takes long, until one succeeds.
 *
 * @param ask - never rejects; `undefined`: did not succeed
 * @returns what the first that succeeded gave; `undefined`: none did
 */
export async function firstSuccess<Server, Result>(
  servers: readonly Server[],
  ask: (server: Server, attempt: Attempt) => Promise<Result | undefined>,
  { atOnce, patienceMs }: Asked,
): Promise<Result | undefined> {
  let isOver = false
  const running = new Set<Promise<Result | undefined>>()
  const waiting = [...servers]
  while (running.size + waiting.length > 0) {
    const server = running.size < atOnce ? waiting.shift() : undefined
    if (server !== undefined) {
      const attempt = ask(server, { isOver: () => isOver }).finally(() => running.delete(attempt))
      running.add(attempt)
    }
    const isFull = running.size >= atOnce || waiting.length === 0
    const result = await firstOf([...running], isFull ? undefined : patienceMs)
    if (result === undefined) continue
    isOver = true
    return result
  }
  return undefined
}

/** What the first that ends gives; `undefined` too when none does in time. */
export async function firstOf<Result>(
  running: readonly Promise<Result | undefined>[],
  patienceMs: number | undefined,
): Promise<Result | undefined> {
  if (patienceMs === undefined) return await Promise.race(running)
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs)
  })
  try {
    return await Promise.race([...running, patience])
  } finally {
    clearTimeout(timer)
  }
}
