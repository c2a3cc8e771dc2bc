import type { PolicyServers } from '@roomserver/core'
import type { Dice } from '@roomserver/testing'
import type { Clock } from '@roomserver/types'

/** What a simulated server has around it: all that it knows of the world that it is in. */
export interface Surroundings {
  readonly network: Clock
  readonly dice: Dice
  /** Whether a server waits for what never comes. */
  readonly isStuck: boolean
  readonly figures: { crashes: number }
  /** How a server reaches the policy servers of rooms. */
  policyServersFor(server: string): PolicyServers
  /** Says what went wrong. */
  problem(text: string): void
  /** Says that a server waits for what never comes. */
  stuck(server: string): void
}
