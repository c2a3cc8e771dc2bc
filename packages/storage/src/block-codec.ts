import { VarintReader, VarintWriter } from './varint.ts'

/**
 * A state block's entries as bytes. The entries are sorted by (type, state key), so each is written as its distance
 * from the one before: the type; the state key (whole where the type changed); the event, either way.
 *
 * @param entries - (type, state key, event) NIDs, three numbers an entry
 */
export function encodeBlock(entries: Float64Array): Uint8Array {
  const writer = new VarintWriter()
  let [type, key, event] = [0, 0, 0]
  for (let at = 0; at + 2 < entries.length; at += 3) {
    const [nextType = 0, nextKey = 0, nextEvent = 0] = [entries[at], entries[at + 1], entries[at + 2]]
    writer.write(nextType - type)
    writer.write(nextType === type ? nextKey - key : nextKey)
    writer.writeSigned(nextEvent - event)
    ;[type, key, event] = [nextType, nextKey, nextEvent]
  }
  return writer.bytes()
}

/**
 * The entries of a block that {@link encodeBlock} wrote.
 *
 * @throws {RoomserverError} STORE_DAMAGED if the bytes are not a block
 */
export function decodeBlock(bytes: Uint8Array): Float64Array {
  const reader = new VarintReader(bytes)
  const entries: number[] = []
  let [type, key, event] = [0, 0, 0]
  while (!reader.done) {
    const step = reader.read()
    type += step
    key = reader.read() + (step === 0 ? key : 0)
    event += reader.readSigned()
    entries.push(type, key, event)
  }
  return Float64Array.from(entries)
}
