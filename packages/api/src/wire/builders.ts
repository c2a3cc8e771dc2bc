import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import * as z from 'zod'
import { MAX_EVENT_BYTES } from '../limits.ts'
import { annotate, type EmptyList, type WireShape, wireOf } from './annotation.ts'

function annotated<S extends z.ZodType>(schema: S, wire: WireShape, doc?: string): S {
  const described: S = doc === undefined ? schema : schema.describe(doc)
  annotate(described, wire)
  return described
}

/** A string; zero value `""`. */
export function text(doc?: string, go = 'string'): z.ZodType<string> {
  return annotated(z.string(), { kind: 'string', go }, doc)
}

/** One of a few words. Unchecked when it comes in; zero value `""`. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
  doc?: string,
): z.ZodType<Words[number]> {
  const schema: z.ZodType<Words[number]> = z.literal([...words])
  return annotated(schema, { kind: 'string', go: 'string' }, doc)
}

/** The name of a server. Unchecked: whoever uses it checks it. */
export function serverName(doc?: string): z.ZodType<string> {
  return text(doc, 'gomatrixserverlib.ServerName')
}

/** The name of a room version, known here or not. */
export function version(doc?: string): z.ZodType<string> {
  return text(doc, 'gomatrixserverlib.RoomVersion')
}

/** A truth value; zero value `false`. */
export function bool(doc?: string): z.ZodType<boolean> {
  return annotated(z.boolean(), { kind: 'bool', go: 'bool' }, doc)
}

/** An integer that a JavaScript number holds exactly; zero value 0. */
export function int(doc?: string, go = 'int'): z.ZodType<number> {
  return annotated(z.int(), { kind: 'int', go }, doc)
}

/** A list; written as `null` when there is nothing in it. `null` comes in as an empty list. */
export function list<T>(of: z.ZodType<T>, doc?: string): z.ZodType<readonly T[]> {
  return annotated(z.array(of), listShape(of, 'null'), doc)
}

/** A list that is written as `[]` when there is nothing in it. */
export function emptyList<T>(of: z.ZodType<T>, doc?: string): z.ZodType<readonly T[]> {
  return annotated(z.array(of), listShape(of, '[]'), doc)
}

/** A list that may be `null`, which here means something else than empty. */
export function listOrNull<T>(of: z.ZodType<T>, doc?: string): z.ZodType<readonly T[] | null> {
  return annotated(z.array(of).nullable(), listShape(of, 'as-given'), doc)
}

function listShape(of: z.ZodType, empty: EmptyList): WireShape {
  return { kind: 'list', go: `[]${goTypeOf(of)}`, of, empty }
}

/** An object with names that are not known beforehand, as a Map; never `null`. */
export function map<T>(of: z.ZodType<T>, key = 'string', doc?: string): z.ZodType<ReadonlyMap<string, T>> {
  return annotated(z.map(z.string(), of), { kind: 'map', go: `map[${key}]${goTypeOf(of)}`, of }, doc)
}

type Members<S extends Readonly<Record<string, z.ZodType>>> = {
  readonly [Name in keyof S]: z.infer<S[Name]>
}

/** An object with known members. In process all of them are there; on the wire a missing one has its zero value. */
export function struct<S extends Readonly<Record<string, z.ZodType>>>(
  go: string,
  members: S,
  inner?: string,
): z.ZodType<Members<S>> {
  const schema: z.ZodType = z.object(members)
  return annotated(schema as z.ZodType<Members<S>>, { kind: 'struct', go, members, inner })
}

/** What `of` describes, or `null`, the zero value. */
export function orNull<T>(of: z.ZodType<T>, doc?: string): z.ZodType<T | null> {
  return annotated(of.nullable(), { kind: 'pointer', go: `*${goTypeOf(of)}`, of }, doc)
}

/** Marks a member that is left out while its value is zero. Takes a schema that was made for this member alone. */
export function omitZero<T>(schema: z.ZodType<T>): z.ZodType<T> {
  annotate(schema, { ...wireOf(schema), omitZero: true })
  return schema
}

/** Any JSON value. Its numbers are JavaScript's. */
export function jsonValue(doc?: string, go = 'interface {}'): z.ZodType<JsonValue> {
  return annotated(z.custom<JsonValue>(), { kind: 'value', go }, doc)
}

/** A JSON object; zero value `{}`, written as `null` then. Its numbers are JavaScript's. */
export function jsonObject(doc?: string): z.ZodType<JsonObject> {
  const schema = z.custom<JsonObject>(isJsonObject)
  return annotated(schema, { kind: 'object', go: 'map[string]interface {}' }, doc)
}

/** Any JSON value that becomes part of an event: longer ones than an event can hold are refused before they are parsed. */
export function eventValue(doc?: string): z.ZodType<JsonValue> {
  return annotated(
    z.custom<JsonValue>(),
    { kind: 'value', go: 'interface {}', maxBytes: MAX_EVENT_BYTES },
    doc,
  )
}

/** A JSON object that becomes part of an event, such as its content; bounded like {@link eventValue}. */
export function eventObject(doc?: string): z.ZodType<JsonObject> {
  const schema = z.custom<JsonObject>(isJsonObject)
  return annotated(schema, { kind: 'object', go: 'map[string]interface {}', maxBytes: MAX_EVENT_BYTES }, doc)
}

/** A JSON value of another server or component as the text it came in, so that nothing of it is lost. */
export function jsonText(doc?: string): z.ZodType<string> {
  return annotated(z.string(), { kind: 'text', go: 'gomatrixserverlib.RawJSON' }, doc)
}

function goTypeOf(schema: z.ZodType): string {
  return wireOf(schema).go
}
