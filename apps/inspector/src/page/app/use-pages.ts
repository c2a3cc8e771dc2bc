import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from './use-loaded.ts'

/** A list as far as it was loaded. */
export interface LoadedPages<T> {
  readonly items: readonly T[]
  readonly isLoading: boolean
  readonly failure: string | undefined
  /** Loads the next page; `undefined`: there is none. */
  readonly loadMore: (() => void) | undefined
}

/** One page of a list, and where the next one begins; empty: nowhere. */
export interface ListPage<T> {
  readonly items: readonly T[]
  readonly next: string
}

interface Held<T> {
  readonly items: readonly T[]
  readonly next: string
  readonly failure: string | undefined
}

/**
 * Loads a list page by page, from the beginning whenever one of `inputs` changes.
 *
 * @param load - loads the page that begins at a cursor; empty: the first
 * @param inputs - what the list depends on
 */
export function usePages<T>(
  load: (cursor: string) => Promise<ListPage<T>>,
  inputs: readonly unknown[],
): LoadedPages<T> {
  const [held, setHeld] = useState<Held<T>>({ items: [], next: '', failure: undefined })
  const [isLoading, setLoading] = useState(true)
  const turn = useRef(0)
  const loadAt = useCallback((cursor: string, before: readonly T[]) => {
    const own = ++turn.current
    setLoading(true)
    load(cursor).then(
      ({ items, next }) => {
        if (own !== turn.current) return
        setHeld({ items: [...before, ...items], next, failure: undefined })
        setLoading(false)
      },
      (error: unknown) => {
        if (own !== turn.current) return
        setHeld({ items: before, next: cursor, failure: messageOf(error) })
        setLoading(false)
      },
    )
  }, inputs)
  useEffect(() => {
    setHeld({ items: [], next: '', failure: undefined })
    loadAt('', [])
    return () => {
      turn.current++
    }
  }, [loadAt])
  const { failure, items, next } = held
  const canContinue = !isLoading && (next !== '' || failure !== undefined)
  return { items, isLoading, failure, loadMore: canContinue ? () => loadAt(next, items) : undefined }
}
