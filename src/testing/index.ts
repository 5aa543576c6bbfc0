/** What a pipeline's tests import as `millrace/testing`. */
export { testbed, type TestRun, type Testbed } from './testbed.ts'
export { when, type Script } from './script.ts'
