import { defineConfig } from 'millrace'
import shipped from '../millrace.config.ts'
import { fiveDecisions } from './engine-pipeline.ts'
import { askFirst } from './waiting-pipeline.ts'

const above = (path: string): string => path.replace(/^\.\//, '../')

/**
 * The project as it is shipped, with two pipelines for measuring. The mailbox repeats itself, so that an address may be answered more often in a
 * day than is otherwise right.
 */
export default defineConfig({
  settings() {
    const { allow, collections = [], mailbox, pipelines, routes } = shipped.settings({})
    return {
      pipelines: [...pipelines, fiveDecisions, askFirst],
      routes: Object.fromEntries(
        Object.entries(routes).map(([name, to]) => [
          name,
          'classifier' in to ? { classifier: above(to.classifier) } : to,
        ]),
      ),
      collections: collections.map(({ collection, documents }) => ({ collection, documents: above(documents) })),
      ...(mailbox && {
        mailbox: {
          ...mailbox,
          repliesADay: 1_000_000,
          ...(mailbox.customers && { customers: above(mailbox.customers) }),
        },
      }),
      allow: [...allow, { pipeline: fiveDecisions.name, steps: ['decide:*'] }, { pipeline: askFirst.name, steps: '*' }],
    }
  },
})
