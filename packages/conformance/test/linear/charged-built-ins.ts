/** What one call of a built-in function looks at, in characters or entries. */
type Charge = (self: unknown, args: readonly unknown[], result: unknown) => number

type Method = (this: unknown, ...args: unknown[]) => unknown

const size = (value: unknown): number => {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  const { length } = value as { length?: unknown }
  return typeof length === 'number' ? length : Object.getOwnPropertyNames(value).length
}
const ofSelf: Charge = (self) => size(self)
const ofInput: Charge = (_self, [input]) => size(input)
const ofResult: Charge = (_self, _args, result) => size(result)

/** From where a search starts to where it ends, or to the end of what is searched. */
const ofSearch: Charge = (self, [, from], result) => {
  const start = typeof from === 'number' ? from : 0
  return (typeof result === 'number' && result >= 0 ? result : size(self)) - start
}

/** A sticky expression looks no further than it matches; what fails at once counts as a few characters. */
const ofMatch: Charge = (self, [text], result) => {
  const found = result as RegExpExecArray | null
  if (found !== null) return found[0].length
  return (self as RegExp).sticky ? 8 : size(text)
}

const STRING: Readonly<Record<string, Charge>> = {
  includes: ofSelf,
  indexOf: ofSearch,
  isWellFormed: ofSelf,
  lastIndexOf: ofSelf,
  match: ofSelf,
  normalize: ofSelf,
  replaceAll: ofSelf,
  split: ofSelf,
  toLowerCase: ofSelf,
  trim: ofSelf,
}
const ARRAY: Readonly<Record<string, Charge>> = {
  concat: ofResult,
  includes: ofSelf,
  indexOf: ofSearch,
  join: ofSelf,
  reverse: ofSelf,
  shift: ofSelf,
  slice: ofResult,
  splice: ofSelf,
  unshift: ofSelf,
}
const OBJECT: Readonly<Record<string, Charge>> = {
  entries: ofInput,
  fromEntries: ofInput,
  getOwnPropertyNames: () => 0,
  keys: ofInput,
  values: ofInput,
}
const TARGETS: readonly (readonly [object, Readonly<Record<string, Charge>>])[] = [
  [String.prototype, STRING],
  [Array.prototype, ARRAY],
  [RegExp.prototype, { exec: ofMatch }],
  [Object, OBJECT],
  [JSON, { parse: ofInput, stringify: ofResult }],
  [Object.getPrototypeOf(Uint8Array) as object, { from: ofInput }],
  [TextDecoder.prototype, { decode: ofInput }],
  [TextEncoder.prototype, { encode: ofInput }],
  [globalThis, { atob: ofInput, btoa: ofInput }],
]

/**
 * While it is open, adds up what built-in functions look at: a block of ours that searches a long text is one block, but
 * not one step.
 */
export class ChargedBuiltIns implements Disposable {
  #sum = 0
  readonly #undo: (() => void)[] = []
  /** What counts must not be counted. */
  #isCounting = false

  constructor() {
    for (const [target, charges] of TARGETS) {
      for (const [name, charge] of Object.entries(charges)) this.#replace(target, name, charge)
    }
  }

  get sum(): number {
    return this.#sum
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo()
  }

  #replace(target: object, name: string, charge: Charge): void {
    const property = Object.getOwnPropertyDescriptor(target, name)
    const original = property?.value as Method | undefined
    if (property === undefined || original === undefined) throw new TypeError(`no built-in function ${name}`)
    const add = this.#add.bind(this)
    const value = function (this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args)
      add(() => charge(this, args, result))
      return result
    }
    Object.defineProperty(target, name, { ...property, value })
    this.#undo.push(() => Object.defineProperty(target, name, property))
  }

  #add(charge: () => number): void {
    if (this.#isCounting) return
    this.#isCounting = true
    this.#sum += charge()
    this.#isCounting = false
  }
}
