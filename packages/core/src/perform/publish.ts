import type { PerformPublishRequest, PerformPublishResponse } from '@roomserver/api'
import type { PerformContext } from './context.ts'

/** Lists a room in the public directory, or takes it out. */
export async function performPublish(
  { store }: Pick<PerformContext, 'store'>,
  { RoomID: roomId, Visibility: visibility }: PerformPublishRequest,
): Promise<PerformPublishResponse> {
  await store.publish(roomId, visibility === 'public')
  return { Error: null }
}
