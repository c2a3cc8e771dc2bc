import { bool, text } from '../wire/builders.ts'

/** Who orders a change of a room. */
export const requester = () => text('Who asks for it, as the audit log is to name them.')

/** Whether a change of a room is only tried. */
export const isDryRun = () => bool('Only says what would happen.')
