import { connect, type Msg } from '@nats-io/transport-node'
import { asMember, type LineWriter } from './line-writer.ts'
import type { WorkInProgress } from './work-in-progress.ts'

/** Listens to a room server's input and output, and to what it acknowledges. */
export async function listenToMessages(
  options: { readonly natsUrl: string; readonly topicPrefix: string },
  lines: LineWriter,
  work: WorkInProgress,
): Promise<AsyncDisposable> {
  const connection = await connect({ servers: options.natsUrl })
  const input = `${options.topicPrefix}InputRoomEvent`
  const output = `${options.topicPrefix}OutputRoomEvent`
  const listen = (subject: string, take: (message: Msg) => void) =>
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) take(message)
      },
    })
  listen(`${input}.>`, (message) => {
    work.published()
    const headers = message.headers
    const texts = headers ? [...headers.keys()].map((name) => `${name}: ${headers.get(name)}`) : []
    lines.write('input', {
      subject: JSON.stringify(message.subject),
      headers: JSON.stringify(texts.filter((text) => !text.startsWith('sync: '))),
      input: asMember(message.string()),
    })
  })
  for (const subject of [output, `${output}.>`])
    listen(subject, (message) => lines.write('output', { payload: asMember(message.string()) }))
  // $JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>
  listen(`$JS.ACK.${input}.>`, ({ subject, data }) => {
    const [, , , consumer = '', , sequence = ''] = subject.split('.')
    const isOfRoom = consumer.startsWith(`${options.topicPrefix}RoomInput`)
    if (isOfRoom && (data.length === 0 || DONE.test(Buffer.from(data).toString())))
      work.acknowledged(sequence)
  })
  await connection.flush()
  return { [Symbol.asyncDispose]: () => connection.close() }
}

const DONE = /^\+(ACK|TERM)/
