export type {
  DirectoryStore,
  InboxItem,
  InboxStore,
  MembershipStore,
  OutputStore,
  PieceStore,
  RoomStore,
  Store,
  StoredOutput,
} from './ports.ts'
