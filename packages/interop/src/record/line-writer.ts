import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

/** Writes a recording: JSON Lines, numbered in the order in which they are begun. */
export class LineWriter implements AsyncDisposable {
  readonly #file
  readonly #start = performance.now()
  #step = 0
  /** Lines that are begun and not whole yet hold back those after them. */
  readonly #waiting: { text: string | undefined }[] = []

  constructor(path: string) {
    this.#file = createWriteStream(path)
  }

  /** Takes the place of a line of which not all is known yet; the function that is returned completes it. */
  begin(kind: string): (members: Readonly<Record<string, string>>) => void {
    const place: { text: string | undefined } = { text: undefined }
    const atMs = Math.round(performance.now() - this.#start)
    this.#waiting.push(place)
    return (members) => {
      const rest = Object.entries(members).map(([name, value]) => `,${JSON.stringify(name)}:${value}`)
      place.text = `"t_ms":${atMs},"kind":${JSON.stringify(kind)}${rest.join('')}}`
      this.#writeWhole()
    }
  }

  /** @param members - by name, as JSON text */
  write(kind: string, members: Readonly<Record<string, string>>): void {
    this.begin(kind)(members)
  }

  #writeWhole(): void {
    for (let [first] = this.#waiting; first?.text !== undefined; [first] = this.#waiting) {
      this.#waiting.shift()
      this.#step++
      this.#file.write(`{"step":${this.#step},${first.text}\n`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.#waiting.splice(0).filter(({ text }) => text !== undefined)) {
      this.#step++
      this.#file.write(`{"step":${this.#step},${place.text ?? ''}\n`)
    }
    this.#file.end()
    await finished(this.#file)
  }
}

/** Text of a body as it goes into a line: JSON as it stands, anything else as a string. */
export function asMember(body: string): string {
  try {
    JSON.parse(body)
    return body.replaceAll(/[\r\n]+/g, ' ').trim()
  } catch {
    return JSON.stringify(body)
  }
}
