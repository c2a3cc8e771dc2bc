import { useEffect, useState } from 'preact/hooks'
import { readRoute, type Route, writeRoute } from '../route.ts'

/** The route in the address, as long as it is looked at. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const follow = (): void => setHash(location.hash)
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return readRoute(hash)
}

/** Shows another view; the browser's way back leads here again, unless `replaces`. */
export function goTo(route: Route, replaces = false): void {
  const hash = writeRoute(route)
  if (hash === location.hash) return
  if (!replaces) {
    location.hash = hash
    return
  }
  history.replaceState(null, '', hash)
  dispatchEvent(new HashChangeEvent('hashchange'))
}
