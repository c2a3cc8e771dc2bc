/**
 * Bytes in a buffer of their own, which is what WebCrypto takes: `Uint8Array<ArrayBuffer>` from TypeScript 5.7 on, and
 * `Uint8Array` before, where that has no parameter.
 */
export type Bytes = ReturnType<Uint8ArrayConstructor['from']>
