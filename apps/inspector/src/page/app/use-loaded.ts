import { useEffect, useState } from 'preact/hooks'

/** Something that is waited for. */
export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly message: string; readonly retry?: () => void }
  | { readonly state: 'ready'; readonly value: T }

/**
 * Loads something and keeps it until one of `inputs` changes. What comes after they changed is dropped.
 *
 * @param inputs - texts and numbers that say what to load
 */
export function useLoaded<T>(load: () => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [attempt, setAttempt] = useState(0)
  const wanted = [...inputs, attempt]
  const [held, setHeld] = useState<{ readonly inputs: readonly unknown[]; readonly loaded: Loaded<T> }>()
  useEffect(() => {
    let isWanted = true
    const settle = (loaded: Loaded<T>): void => {
      if (isWanted) setHeld({ inputs: wanted, loaded })
    }
    load().then(
      (value) => settle({ state: 'ready', value }),
      (error: unknown) =>
        settle({ state: 'failed', message: messageOf(error), retry: () => setAttempt(attempt + 1) }),
    )
    return () => {
      isWanted = false
    }
  }, wanted)
  const isOfNow = held !== undefined && held.inputs.every((input, index) => input === wanted[index])
  return isOfNow ? held.loaded : { state: 'loading' }
}

/** What an error says to people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
