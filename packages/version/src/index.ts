export { defineRoomVersion } from './define-room-version.ts'
export { checkRules, requireRoomVersion, roomVersionOf, rulesArgument } from './require-room-version.ts'
export {
  type AuthRules,
  derive,
  ROOM_VERSIONS,
  type RedactionRules,
  roomVersion,
  type RoomVersionChanges,
  type RoomVersionRules,
  v1,
  v10,
  v11,
  v12,
  v2,
  v3,
  v4,
  v5,
  v6,
  v7,
  v8,
  v9,
} from './rules.ts'
