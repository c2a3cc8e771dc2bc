import { Announcements } from '../../src/traffic/announcements.ts'
import type { Finding, Truth } from '../../src/traffic/departure.ts'
import { DEPARTURES } from '../../src/traffic/departures.ts'

/** A recording that tells of nothing but what is given. */
export function truthOf(truth: Partial<Truth> = {}): Truth {
  return {
    resets: [],
    stateAfter: () => undefined,
    typesUpTo: () => undefined,
    standing: () => undefined,
    standingAfter: () => undefined,
    isAccepted: () => false,
    isRefused: () => false,
    isBackfilled: () => false,
    isFetched: () => false,
    recorded: new Announcements([]),
    ours: new Announcements([]),
    ...truth,
  }
}

/** The departure that excuses a difference; `undefined`: nothing does. */
export function excuseOf(
  finding: Pick<Finding, 'of' | 'problem'> & Partial<Finding>,
  truth: Truth = truthOf(),
): string | undefined {
  const whole = { request: '!room:a', expected: null, got: null, ...finding }
  return DEPARTURES.find((departure) => departure.applies(whole, truth))?.id
}
