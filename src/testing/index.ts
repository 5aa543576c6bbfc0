/** What a pipeline's tests import as `millrace/testing`. */
export { testbed, type TestRun, type Testbed } from './testbed.ts'
export { failing, when, type Script } from './script.ts'
