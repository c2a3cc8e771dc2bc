import { int, text } from './builders.ts'

/** Where a page of a list begins that is read from its start. */
export const cursorFromFirst = () => text('`next` of the page before; empty: from the first.')

/** How many items a page of a short list has at most. */
export const upToThousand = () => int('At most 1,000; 0: 100.')

/** Where the page behind this one begins. */
export const nextPage = () => text('Where the next page begins; empty: this was the last.')
