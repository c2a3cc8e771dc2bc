/** `node:sqlite`, looked up and not imported: an older Node.js would fail at the import, before it can be told why. */
export const nodeSqlite = process.getBuiltinModule('node:sqlite')
