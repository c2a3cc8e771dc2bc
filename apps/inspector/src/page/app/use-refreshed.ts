import { useEffect, useState } from 'preact/hooks'

/** Counts up every so often, so that what depends on it is loaded again; stands still while nobody looks. */
export function useTicks(everyMs: number): number {
  const [ticks, setTicks] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setTicks((now) => now + 1)
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return ticks
}
