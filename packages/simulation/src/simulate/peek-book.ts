/** Which users of a server look into which rooms, by what they were answered. */
export class PeekBook {
  readonly #peeks = new Map<string, { readonly roomId: string; readonly user: string; isOpen?: boolean }>()

  /** Rooms into which anybody has ever looked. */
  get rooms(): ReadonlySet<string> {
    return new Set([...this.#peeks.values()].map(({ roomId }) => roomId))
  }

  /** Those of which it is known whether they are open. */
  get all(): readonly { readonly roomId: string; readonly user: string; readonly isOpen?: boolean }[] {
    return [...this.#peeks.values()].filter(({ isOpen }) => isOpen !== undefined)
  }

  isOpen(roomId: string, user: string): boolean {
    return this.#peeks.get(`${roomId} ${user}`)?.isOpen === true
  }

  begin(roomId: string, user: string): void {
    this.#peeks.set(`${roomId} ${user}`, { roomId, user, isOpen: true })
  }

  end(roomId: string, user: string): void {
    this.#peeks.set(`${roomId} ${user}`, { roomId, user, isOpen: false })
  }

  /** The server died over it: either is right. */
  doubt(roomId: string, user: string): void {
    this.#peeks.set(`${roomId} ${user}`, { roomId, user })
  }
}
