import { defineConfig, type ModelDeclaration } from 'millrace'
import { z } from 'zod'
import { replies, supportTriage } from './pipelines/support-triage/index.ts'

const env = z
  .object({
    MILLRACE_SMTP_URL: z.string().optional(),
    /** A local server that speaks as OpenAI does (llama.cpp, vLLM, Ollama, `millrace scripted-model`): http://127.0.0.1:8080/v1 */
    MILLRACE_LLM_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** The model's name there; of a provider with a key, another than the usual one. */
    MILLRACE_LLM_MODEL: z.string().min(1).optional(),
    /** Where that server wants a key. */
    MILLRACE_LLM_KEY: z.string().optional(),
    OPENAI_API_KEY: z.string().optional(),
    ANTHROPIC_API_KEY: z.string().optional(),
  })
  .refine((o) => o.MILLRACE_LLM_URL === undefined || o.MILLRACE_LLM_MODEL !== undefined, {
    path: ['MILLRACE_LLM_MODEL'],
    error: 'MILLRACE_LLM_URL names a server: name the model there too',
  })

/** Customers write of everything, illness too, and whoever drafts their answer reads it. With a provider abroad, this is the line to think about. */
const sees = ['public', 'internal', 'personal', 'special'] as const

/** What drafts replies, if the environment names a language model; else the canned replies answer as they are. */
function writerOf(o: z.output<typeof env>): ModelDeclaration | undefined {
  const named = o.MILLRACE_LLM_MODEL
  if (o.MILLRACE_LLM_URL !== undefined && named !== undefined)
    return {
      provider: 'openai-compatible',
      url: o.MILLRACE_LLM_URL,
      model: named,
      keys: o.MILLRACE_LLM_KEY ? ['env:MILLRACE_LLM_KEY'] : [],
      sees: [...sees],
    }
  if (o.OPENAI_API_KEY)
    return { provider: 'openai', model: named ?? 'gpt-5-mini', keys: ['env:OPENAI_API_KEY'], sees: [...sees] }
  if (o.ANTHROPIC_API_KEY)
    return {
      provider: 'anthropic',
      model: named ?? 'claude-haiku-4-5',
      keys: ['env:ANTHROPIC_API_KEY'],
      sees: [...sees],
    }
  return undefined
}

/** What this project runs, where its routes lead, and what its pipelines may do: everything else is denied. */
export default defineConfig({
  env,
  settings: (given) => {
    const writer = writerOf(given)
    return {
      pipelines: [supportTriage],
      ...(writer && { models: { writer } }),
      routes: {
        intent: { classifier: './models/support-intent' },
        care: { classifier: './models/support-care' },
        draft: writer ? { targets: ['writer'] } : { template: true },
      },
      collections: [{ collection: replies, documents: './pipelines/support-triage/replies' }],
      mailbox: {
        pipeline: 'support-triage',
        customers: './pipelines/support-triage/customers.csv',
        demo: './pipelines/support-triage/mailbox',
        address: 'support@northbank.example',
        smtp: given.MILLRACE_SMTP_URL,
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
    }
  },
})
