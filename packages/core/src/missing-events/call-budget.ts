import type { FederationApi } from '@roomserver/api'

/** The calls to other servers that repairs make. */
export type RepairFederation = Pick<
  FederationApi,
  'lookupMissingEvents' | 'getEventAuth' | 'lookupStateIds' | 'lookupState' | 'getEvent' | 'queryPublicKey'
>

/**
 * The same calls, each given up after so long, whatever the component itself does.
 *
 * @param callMs - in ms
 */
export function withCallBudget(federation: RepairFederation, callMs: number): RepairFederation {
  return {
    lookupMissingEvents: (request) => inTime(federation.lookupMissingEvents(request), callMs),
    getEventAuth: (request) => inTime(federation.getEventAuth(request), callMs),
    lookupStateIds: (request) => inTime(federation.lookupStateIds(request), callMs),
    lookupState: (request) => inTime(federation.lookupState(request), callMs),
    getEvent: (request) => inTime(federation.getEvent(request), callMs),
    queryPublicKey: (request) => inTime(federation.queryPublicKey(request), callMs),
  }
}

/** What a call gives, if it gives it within so many ms. */
export async function inTime<Result>(call: Promise<Result>, callMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${callMs} ms`)), callMs)
    timer.unref()
  })
  try {
    return await Promise.race([call, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
