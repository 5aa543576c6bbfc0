import type { DialectName } from '../../dialect.ts'
import * as answers from '../answer-fields.ts'

/** What becomes of answers, by the dialect of the client that they go to. */
export const answerSections: readonly {
  readonly title: string
  readonly to: DialectName
  readonly fields: answers.AnswerFields
}[] = [
  { title: 'Answer', to: 'openai-chat', fields: answers.messageAnswer },
  { title: 'Blocks of the answer’s content', to: 'openai-chat', fields: answers.messageBlocks },
  { title: 'A block of text', to: 'openai-chat', fields: answers.textFields },
  { title: 'Answer', to: 'anthropic-messages', fields: answers.completionAnswer },
  { title: '`choices.0`', to: 'anthropic-messages', fields: answers.choiceFields },
  { title: 'The answer’s message', to: 'anthropic-messages', fields: answers.completionMessage },
  { title: 'Answer', to: 'openai-responses', fields: answers.responseAnswer },
  { title: '`choices.0`', to: 'openai-responses', fields: answers.responseChoice },
  { title: 'The answer’s message', to: 'openai-responses', fields: answers.responseMessage },
]
