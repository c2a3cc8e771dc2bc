export {
  type AuthRules,
  ROOM_VERSIONS,
  type RedactionRules,
  roomVersion,
  type RoomVersionRules,
} from './rules.ts'
