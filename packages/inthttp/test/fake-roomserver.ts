import { type ApiOf, type Endpoint, filled, type RoomserverApi, roomserverEndpoints } from '@roomserver/api'

/** What the fake was asked, and what to say instead of nothing. */
export interface FakeRoomserver {
  readonly api: RoomserverApi
  readonly calls: { readonly operation: string; readonly request: unknown }[]
}

/**
 * A room server without rooms, for tests of the wire alone: it notes what it was asked and answers zero values, or
 * what `answers` says.
 */
export function fakeRoomserver(answers: Partial<ApiOf<typeof roomserverEndpoints>> = {}): FakeRoomserver {
  const calls: FakeRoomserver['calls'] = []
  const methods = Object.entries<unknown>(roomserverEndpoints).map(([operation, endpoint]) => {
    const { response } = endpoint as Endpoint<unknown, object>
    const answer = (answers as Record<string, ((...given: unknown[]) => Promise<unknown>) | undefined>)[
      operation
    ]
    const call = async (request: unknown, context: unknown) => {
      calls.push({ operation, request })
      return answer === undefined ? filled(response, {}) : answer(request, context)
    }
    return [operation, call]
  })
  return { api: Object.fromEntries(methods) as RoomserverApi, calls }
}
