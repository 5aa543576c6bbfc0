/** What runs Millrace inside another program: `millrace/server`. */
export { startMillrace, type Millrace, type MillraceOptions } from './millrace.ts'
