export type { Pdu } from './pdu.ts'
