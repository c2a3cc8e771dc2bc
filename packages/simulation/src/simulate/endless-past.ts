import type { RoomserverApi } from '@roomserver/api'
import { type Author, endOf, eventOn } from './compose.ts'

/** How many events one answer holds. */
const COUNT = 20

/** Events made for the occasion, each upon another that does not exist: however often it is asked, a past has more past. */
export async function endlessPast(
  api: RoomserverApi,
  roomId: string,
  user: string,
  author: () => Author,
): Promise<readonly string[]> {
  const end = await endOf(api, roomId)
  if (end === undefined) return []
  const texts: string[] = []
  for (let number = 0; number < COUNT; number++) {
    const own = author()
    const prevEvents = [{ eventId: end.rules.eventId === 'domain' ? `$${own.eventId}:x` : `$${own.eventId}` }]
    const template = { type: 'm.room.message', sender: user, content: { body: own.eventId } }
    const event = await eventOn(end, template, own, { prevEvents })
    if (event !== undefined) texts.push(event.json)
  }
  return texts
}
