import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from '../app/use-loaded.ts'
import { useTicks } from '../app/use-refreshed.ts'
import { Text } from '../text/text.tsx'

/** How often is looked, and how much is kept in view. */
const EVERY_MS = 1_000
const KEPT = 500

/** Something that has come. */
export interface LiveItem {
  readonly key: string
  readonly shown: JSX.Element
}

/** What has come, the latest first, and up to where that was seen. */
export interface News<Seen> {
  readonly fresh: readonly LiveItem[]
  readonly seen: Seen
}

/**
 * What comes while one looks, the latest first.
 *
 * @param ask - what has come since something was seen (`undefined`: since now); the same function at every drawing
 */
export function LiveLog<Seen>({
  ask,
}: {
  readonly ask: (seen: Seen | undefined) => Promise<News<Seen>>
}): JSX.Element {
  const ticks = useTicks(EVERY_MS)
  const [items, setItems] = useState<readonly LiveItem[]>([])
  const [failure, setFailure] = useState<string>()
  const [isPaused, setPaused] = useState(false)
  const [isWatching, setWatching] = useState(false)
  const seen = useRef<Seen | undefined>(undefined)
  const isAsking = useRef(false)
  useEffect(() => {
    if (isPaused || isAsking.current) return
    isAsking.current = true
    ask(seen.current)
      .then(
        (news) => {
          seen.current = news.seen
          setWatching(true)
          setFailure(undefined)
          if (news.fresh.length > 0) setItems((before) => [...news.fresh, ...before].slice(0, KEPT))
        },
        (error: unknown) => setFailure(messageOf(error)),
      )
      .finally(() => {
        isAsking.current = false
      })
  }, [ask, ticks, isPaused])
  return (
    <>
      <div class="controls">
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <span class="found">{isPaused ? 'paused' : 'shows what comes from now on'}</span>
      </div>
      {failure !== undefined && (
        <p class="note failed" role="alert">
          <Text value={failure} cut={1_000} />
        </p>
      )}
      <div role="log" aria-label="What has come">
        <ul class="live">
          {items.map(({ key, shown }) => (
            <li key={key}>{shown}</li>
          ))}
        </ul>
      </div>
      {items.length === 0 && failure === undefined && (
        <p class="none">{isWatching ? 'Nothing has come so far.' : 'Asking the server…'}</p>
      )}
    </>
  )
}
