import type { RoomId, UserId } from '@roomserver/types'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Room aliases of this server. */
export interface AliasesTable {
  alias: string
  room_id: RoomId
  creator: UserId
}

/** Rooms in the room directory. */
export interface PublishedRoomsTable {
  room_id: RoomId
}

export function directoryQueries(build: Db) {
  const byAlias = prepare(
    build.selectFrom('aliases').select(['room_id as roomId', 'creator']).where('alias', '=', slot<string>()),
  )
  const ofRoom = prepare(
    build.selectFrom('aliases').select('alias').where('room_id', '=', slot<RoomId>()).orderBy('alias'),
  )
  const add = prepare(
    build
      .insertInto('aliases')
      .values({ alias: slot<string>(), room_id: slot<RoomId>(), creator: slot<UserId>() })
      .onConflict((conflict) => conflict.doNothing())
      .returning('alias'),
  )
  const remove = prepare(build.deleteFrom('aliases').where('alias', '=', slot<string>()))
  const publish = prepare(
    build
      .insertInto('published_rooms')
      .values({ room_id: slot<RoomId>() })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const unpublish = prepare(build.deleteFrom('published_rooms').where('room_id', '=', slot<RoomId>()))
  const published = prepare(build.selectFrom('published_rooms').select('room_id').orderBy('room_id'))
  const isPublished = prepare(
    build.selectFrom('published_rooms').select('room_id').where('room_id', '=', slot<RoomId>()),
  )
  return {
    byAlias: async (db: Db, alias: string) => (await byAlias(db, alias))[0],
    aliasesOf: async (db: Db, roomId: RoomId) => (await ofRoom(db, roomId)).map((row) => row.alias),
    /** False: the alias is taken. */
    add: async (db: Db, alias: string, roomId: RoomId, creator: UserId) =>
      (await add(db, alias, roomId, creator)).length > 0,
    remove,
    publish,
    unpublish,
    published: async (db: Db) => (await published(db)).map((row) => row.room_id),
    isPublished: async (db: Db, roomId: RoomId) => (await isPublished(db, roomId)).length > 0,
  }
}
