import type { Scenario } from '../interop/scenario.ts'
import { BARRED } from './barred.ts'
import { BRANCHES } from './branches.ts'
import { GAPS } from './gaps.ts'
import { INVITATIONS } from './invitations.ts'
import { MEMBERS } from './members.ts'
import { ONE_WAY } from './one-way.ts'
import { REFUSALS } from './refusals.ts'
import { RETURNS } from './returns.ts'
import { SCROLLING } from './scrolling.ts'
import { SLOWNESS } from './slowness.ts'
import { THREE } from './three.ts'

/** Stories of events that get lost between homeservers, and of what repairs them. */
export const HOLES: readonly Scenario[] = [
  ...BRANCHES,
  ...GAPS,
  ...MEMBERS,
  ...REFUSALS,
  ...SCROLLING,
  ...INVITATIONS,
  ...RETURNS,
  ...BARRED,
  ...ONE_WAY,
  ...SLOWNESS,
  ...THREE,
]
