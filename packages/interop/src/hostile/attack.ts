/** Something that a server has to bear. */
export interface Attack {
  /** What is done, in a few words. */
  readonly name: string
  /**
   * Does it.
   *
   * @returns what the server said, in a few words
   */
  run(url: string): Promise<string>
}

/** Attacks of one kind, against one server. */
export interface AttackGroup {
  readonly name: string
  readonly attacks: readonly Attack[]
}
