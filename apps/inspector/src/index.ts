/** The folder of the built page: static files that also work on their own, from a web server or from a disk. */
export const INSPECTOR_FOLDER = new URL('../dist/page/', import.meta.url)
