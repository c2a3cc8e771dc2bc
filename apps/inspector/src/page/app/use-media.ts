import { useEffect, useState } from 'preact/hooks'

/** Whether a media query holds, as long as it is looked at. */
export function useMedia(query: string): boolean {
  const [isMatching, setMatching] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const follow = (): void => setMatching(list.matches)
    follow()
    list.addEventListener('change', follow)
    return () => list.removeEventListener('change', follow)
  }, [query])
  return isMatching
}

/** The width below which things stand below each other. */
export const NARROW = '(max-width: 46rem)'
