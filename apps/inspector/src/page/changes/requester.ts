import { useState } from 'preact/hooks'

const KEY = 'roomserver-requester'

/** Whom the audit log is to name, as they said in this tab. */
export function useRequester(): readonly [requester: string, set: (requester: string) => void] {
  const [requester, setRequester] = useState(held)
  const set = (name: string): void => {
    setRequester(name)
    try {
      sessionStorage.setItem(KEY, name)
    } catch {
      // It is asked for again after a reload.
    }
  }
  return [requester, set]
}

function held(): string {
  try {
    return sessionStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}
