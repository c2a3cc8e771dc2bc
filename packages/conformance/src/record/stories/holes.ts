import type { Scenario } from '../../interop/scenario.ts'
import { BRANCHES } from './branches.ts'
import { GAPS } from './gaps.ts'
import { MEMBERS } from './members.ts'
import { REFUSALS } from './refusals.ts'

/** Stories of events that get lost between two homeservers, and of what repairs them. */
export const HOLES: readonly Scenario[] = [...BRANCHES, ...GAPS, ...MEMBERS, ...REFUSALS]
