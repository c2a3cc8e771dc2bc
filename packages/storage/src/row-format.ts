import type { Cell, Kind } from './dialect/dialect.ts'
import { decodeList, encodeList } from './varint.ts'

/** A column of a table: its name, what it holds, and how the value of a record becomes its content and back. */
export interface Column<
  Value,
  Name extends string = string,
  Held extends Kind = Kind,
  Null extends boolean = boolean,
> {
  readonly name: Name
  readonly kind: Held
  /** Whether a missing value is null. */
  readonly isNullable: Null
  toCell(value: Value): Cell
  toValue(cell: Cell): Value
}

type NotNull<Value, Name extends string, Held extends Kind> = Column<Value, Name, Held, false>

/** A whole number. */
export function int<Value extends number, Name extends string>(name: Name): NotNull<Value, Name, 'int'> {
  return { name, kind: 'int', isNullable: false, ...asItIs<Value>() }
}

/** A string. */
export function text<Value extends string, Name extends string>(name: Name): NotNull<Value, Name, 'text'> {
  return { name, kind: 'text', isNullable: false, ...asItIs<Value>() }
}

/** Yes or no, as 1 or 0. */
export function flag<Name extends string>(name: Name): NotNull<boolean, Name, 'small'> {
  return {
    name,
    kind: 'small',
    isNullable: false,
    toCell: (value) => (value ? 1 : 0),
    toValue: (cell) => cell === 1,
  }
}

/**
 * One of a few words, as its place in a list, which only ever grows at its end.
 *
 * @param other - how an unknown code is read
 * @param first - the code of the first word
 */
export function code<Value extends string, Name extends string>(
  name: Name,
  words: readonly Value[],
  other: NoInfer<Value>,
  first = 0,
): NotNull<Value, Name, 'small'> {
  return {
    name,
    kind: 'small',
    isNullable: false,
    toCell: (value) => words.indexOf(value) + first,
    toValue: (cell) => words[Number(cell) - first] ?? other,
  }
}

/** NIDs, as a list of varints. */
export function list<Nid extends number, Name extends string>(
  name: Name,
): NotNull<readonly Nid[], Name, 'blob'> {
  return bytes(name, encodeList, (cell) => decodeList<Nid>(cell))
}

/** A value that is stored as bytes. */
export function bytes<Value, Name extends string>(
  name: Name,
  encode: (value: Value) => Uint8Array,
  decode: (cell: Uint8Array) => Value,
): NotNull<Value, Name, 'blob'> {
  return {
    name,
    kind: 'blob',
    isNullable: false,
    toCell: encode,
    toValue: (cell) => decode(cell as Uint8Array),
  }
}

/** A value that may be missing: then it is null. */
export function optional<Value, Name extends string, Held extends Kind>(
  column: NotNull<Value, Name, Held>,
): Column<Value | undefined, Name, Held, true> {
  return {
    ...column,
    isNullable: true,
    toCell: (value) => (value === undefined ? null : column.toCell(value)),
    toValue: (cell) => (cell === null ? undefined : column.toValue(cell)),
  }
}

/** A text that may be missing: then it is empty. */
export function textOrEmpty<Name extends string>(name: Name): NotNull<string | undefined, Name, 'text'> {
  return {
    name,
    kind: 'text',
    isNullable: false,
    toCell: (value) => value ?? '',
    toValue: (cell) => (cell === '' ? undefined : String(cell)),
  }
}

/** The column of every member of a record. */
export type Description<Item> = { readonly [Member in keyof Item]-?: Column<Item[Member]> }

/** The row that records of a kind become. */
export type TableOf<Item, D> = {
  [Member in keyof D & keyof Item as NameOf<D[Member]>]: CellOf<D[Member], Item[Member]>
}

type NameOf<C> = C extends { readonly name: infer Name extends string } ? Name : never

type CellOf<C, Value> = C extends { readonly isNullable: true } ? HeldOf<C, Value> | null : HeldOf<C, Value>

/** A number or a text keeps its brand. */
type HeldOf<C, Value> = C extends { readonly kind: 'blob' }
  ? Uint8Array
  : C extends { readonly kind: 'small' }
    ? number
    : Exclude<Value, undefined>

/** What is written to a table: columns, and the content of them for an item. */
export interface RowSource<Item> {
  readonly names: readonly string[]
  readonly kinds: readonly Kind[]
  /** The cells of a row, in the order of the columns. */
  cells(item: Item): readonly Cell[]
}

/** How records of a kind are rows of a table. It is the one place that spells the columns; statements take them from it. */
export class RowFormat<Item, D extends Description<Item>> implements RowSource<Item> {
  readonly #description: D
  readonly #members: readonly (readonly [member: string, column: Column<unknown>])[]
  /** The names of the columns, in their order. */
  readonly names: readonly (keyof TableOf<Item, D> & string)[]
  readonly kinds: readonly Kind[]

  constructor(description: D) {
    this.#description = description
    this.#members = Object.entries<Column<unknown>>(description)
    this.names = this.#members.map(([, { name }]) => name as keyof TableOf<Item, D> & string)
    this.kinds = this.#members.map(([, { kind }]) => kind)
  }

  cells(item: Item): readonly Cell[] {
    const values = item as Readonly<Record<string, unknown>>
    return this.#members.map(([member, column]) => column.toCell(values[member]))
  }

  /** The record of a row. */
  readonly toItem = (row: Readonly<TableOf<Item, D>>): Item => {
    const cells = row as Readonly<Record<string, Cell>>
    const item: Record<string, unknown> = {}
    for (const [member, column] of this.#members) item[member] = column.toValue(cells[column.name] ?? null)
    return item as Item
  }

  /** The format of a part of each record. */
  pick<Member extends keyof Item & keyof D>(...members: readonly Member[]) {
    type Part = Pick<D, Member> & Description<Pick<Item, Member>>
    const part = Object.fromEntries(members.map((member) => [member, this.#description[member]]))
    return new RowFormat<Pick<Item, Member>, Part>(part as Part)
  }

  /** Rows of something that becomes such a record. */
  from<Other>(toItem: (other: Other) => Item): RowSource<Other> {
    return { names: this.names, kinds: this.kinds, cells: (other) => this.cells(toItem(other)) }
  }

  /** Rows of changes: null where a member does not change. */
  changes(): RowSource<{ readonly [Member in keyof Item]?: Item[Member] | undefined }> {
    const cells = (changes: object) => {
      const values = changes as Readonly<Record<string, unknown>>
      return this.#members.map(([member, column]) => {
        const value = values[member]
        return value === undefined ? null : column.toCell(value)
      })
    }
    return { names: this.names, kinds: this.kinds, cells }
  }
}

/** Makes the format of records from a description of their members. */
export const rowFormat =
  <Item>() =>
  <D extends Description<Item>>(description: D): RowFormat<Item, D> =>
    new RowFormat(description)

/** The row of a format. */
export type RowOf<Format> = Format extends { toItem(row: infer Row): unknown }
  ? { -readonly [Name in keyof Row]: Row[Name] }
  : never

/** Assignments in SQL that take columns from a row of another name. */
export function assignments(names: readonly string[], from: string): string {
  return names.map((name) => `${name} = ${from}.${name}`).join(', ')
}

function asItIs<Value>() {
  return { toCell: (value: Value) => value as Cell, toValue: (cell: Cell) => cell as Value }
}
