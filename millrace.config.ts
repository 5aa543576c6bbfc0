import { defineConfig } from 'millrace'
import { z } from 'zod'
import { replies, supportTriage } from './pipelines/support-triage/index.ts'

/** What this project runs, where its routes lead, and what its pipelines may do: everything else is denied. */
export default defineConfig({
  env: z.object({ MILLRACE_SMTP_URL: z.string().optional() }),
  settings: (env) => ({
    pipelines: [supportTriage],
    routes: {
      intent: { classifier: './models/support-intent' },
      care: { classifier: './models/support-care' },
      draft: { template: true },
    },
    collections: [{ collection: replies, documents: './pipelines/support-triage/replies' }],
    mailbox: {
      pipeline: 'support-triage',
      customers: './pipelines/support-triage/customers.csv',
      demo: './pipelines/support-triage/mailbox',
      address: 'support@northbank.example',
      smtp: env.MILLRACE_SMTP_URL,
    },
    allow: [
      {
        pipeline: 'support-triage',
        steps: [
          'classify:support-intent',
          'classify:support-care',
          'decide:support-routing',
          'retrieve:canned-replies',
          'generate:reply',
          'gate:send-reply',
          'act:send-reply',
          'review:reply',
          'review:outcome-unknown',
        ],
      },
    ],
  }),
})
