const KEY = 'roomserver-token'

/** The token that was given in this tab; gone when the tab is closed. */
export function heldToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined
  } catch {
    return undefined
  }
}

/** Keeps a token for this tab, where the browser lets a page keep anything. */
export function holdToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, token)
  } catch {
    // It is asked for again after a reload.
  }
}
