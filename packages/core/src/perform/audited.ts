import type { Logger } from '@roomserver/types'

/** How much of an answer stands in the log: the users who were evacuated can be thousands. */
const LONGEST_ANSWER = 500

/**
 * Notes in the log that somebody changed more than a part of their own, with the request, which says who asked for it where
 * the operation has a place for that, and how it ended.
 */
export function audited<Request extends object, Answer extends object>(
  { log }: { readonly log: Logger },
  operation: string,
  perform: (request: Request) => Promise<Answer>,
): (request: Request) => Promise<Answer> {
  return async (request) => {
    try {
      const answer = await perform(request)
      const text = JSON.stringify(answer).slice(0, LONGEST_ANSWER)
      log.info({ audit: operation, request, answer: text }, `audit: ${operation}`)
      return answer
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      log.info({ audit: operation, request, failure }, `audit: ${operation}`)
      throw error
    }
  }
}
