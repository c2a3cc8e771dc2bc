import type { Dice } from '@roomserver/testing'
import type { Clock } from '@roomserver/types'

/** What a simulated server has around it: all that it knows of the world that it is in. */
export interface Surroundings {
  readonly network: Clock
  readonly dice: Dice
  /** Whether a server waits for what never comes. */
  readonly isStuck: boolean
  readonly figures: { crashes: number }
  /** Says what went wrong. */
  problem(text: string): void
  /** Says that a server waits for what never comes. */
  stuck(server: string): void
}
