import { StreamedList, type StreamedPart } from '@roomserver/api'

/** What stands around elements. */
export interface Brackets {
  readonly open: string
  readonly close: string
  /** What is written where there are no elements. */
  readonly none: string
}

/** A list, as the reference writes one that may be empty. */
export const LIST: Brackets = { open: '[', close: ']', none: 'null' }
/** A list that is `[]` without elements, as the reference has it in some answers. */
export const EMPTY_LIST: Brackets = { ...LIST, none: '[]' }
/** The members of an object. */
export const MEMBERS: Brackets = { open: '{', close: '}', none: '{}' }

const utf8 = new TextEncoder()

/**
 * Elements that come in chunks, written as they are sent: no more than a chunk is held at a time.
 *
 * @param chunks - begins from the start each time
 * @param write - the empty string: the element is left out
 */
export function streamedInChunks<Element>(
  chunks: () => AsyncIterable<readonly Element[]>,
  write: (element: Element) => string,
  { open, close, none }: Brackets,
): StreamedList {
  return new StreamedList(function* () {
    const source = chunks()[Symbol.asyncIterator]()
    let isFirst = true
    for (;;) {
      const step = yield* waitedFor(source.next())
      if (step.done === true) break
      const text = step.value
        .map(write)
        .filter((written) => written !== '')
        .join(',')
      if (text === '') continue
      yield utf8.encode((isFirst ? open : ',') + text)
      isFirst = false
    }
    yield utf8.encode(isFirst ? none : close)
  })
}

/** Has whoever asks for parts wait for something, and goes on with what came of it. */
function* waitedFor<Value>(promise: Promise<Value>): Generator<StreamedPart, Value, void> {
  const came: Value[] = []
  yield promise.then((value) => void came.push(value))
  for (const value of came) return value
  throw new Error('the next part of an answer was requested before the current one was complete')
}
