import { project, SERVERS } from '../../vitest.shared.ts'

export default project(import.meta.dirname, SERVERS)
