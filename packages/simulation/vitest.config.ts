import { PROGRAM, project } from '../../vitest.shared.ts'

export default project(import.meta.dirname, PROGRAM)
