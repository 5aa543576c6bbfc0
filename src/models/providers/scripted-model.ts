import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { noUsage } from '../cost/usage.ts'
import { objectOf, objectsOf, parsed, textOf } from '../dialects/unknown-json.ts'
import { answerTo } from './scripted-answers.ts'

/** What it says of itself, as its model's name and in every answer. */
export const scriptedName = 'scripted-demo'
const mostBytes = 4 * 1024 * 1024

/** An invention of each kind, for seeing that drafts are checked. */
const inventions =
  'We will refund you £25.00 by Monday; please ask for Peter Quill, or see https://northbank.example.invalid/refund for it.'

/**
 * A SCRIPTED MODEL, for demonstrations without a language model: a server that speaks OpenAI's and Anthropic's dialects and has no model behind it. Its answers are
 * put together by rules from what it is asked (`scriptedDraft`), and every one says so. Its usage is made up.
 */
export class ScriptedModel {
  readonly #server: Server
  readonly #doesInvent: boolean

  private constructor(doesInvent: boolean) {
    this.#doesInvent = doesInvent
    this.#server = createServer((request, response) => {
      this.#hear(request, response).catch(() => response.destroy())
    })
  }

  static async start(o: { readonly port: number; readonly doesInvent: boolean }): Promise<ScriptedModel> {
    const model = new ScriptedModel(o.doesInvent)
    await new Promise<void>((resolve, reject) => {
      model.#server.once('error', reject).listen(o.port, '127.0.0.1', resolve)
    })
    return model
  }

  /** As a client's base URL. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1` // it listens on TCP
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://scripted').pathname
    if (request.method === 'GET')
      return tell(response, 200, { object: 'list', data: [{ id: scriptedName, object: 'model' }] })
    const body = objectOf(parsed(await bodyOf(request)))
    if (!body || !/\/(?:chat\/completions|responses|messages|embeddings)$/.test(path))
      return tell(response, 400, {
        error: {
          message: 'the scripted model was not asked in a dialect that it speaks',
          type: 'invalid_request_error',
        },
      })
    const text = this.#answerTo(body)
    const asked = JSON.stringify(body).length
    const { events, json } = answerTo(
      {
        path,
        model: scriptedName,
        input: body['input'],
        includeUsage: true,
        encoding: textOf(body['encoding_format']),
      },
      {
        words: text.match(/\S+\s*|\s+/g) ?? [],
        usage: { ...noUsage, input: Math.ceil(asked / 4), output: Math.ceil(text.length / 4) },
      },
    )
    if (body['stream'] !== true) return tell(response, 200, json)
    response.writeHead(200, { 'content-type': 'text/event-stream', server: scriptedName })
    response.end(events.join(''))
  }

  #answerTo(body: Readonly<Record<string, unknown>>): string {
    const format = objectOf(objectOf(body['response_format'])?.['json_schema'])
    if (format) return JSON.stringify(exampleOf(format['schema']))
    const texts = objectsOf(body['messages']).map((message) => ({
      role: message['role'],
      text: textIn(message['content']),
    }))
    const system =
      textIn(body['system']) +
      texts
        .filter(({ role }) => role === 'system')
        .map(({ text }) => text)
        .join('\n')
    const user = texts.findLast(({ role }) => role === 'user')?.text ?? textIn(body['input'])
    return scriptedDraft(system, user, this.#doesInvent)
  }
}

const source = /\[\[([^\]\n]+)\]\][^\n]*\n<(data-[0-9a-f]{16})>\n([\s\S]*?)\n<\/\2>/g

/**
 * The draft of a reply: the sources of a prompt are those that stand fenced behind their mark (`[[id]]`); the first one's first sentences are the
 * answer, between the line to begin with and the lines to end with, as the prompt gives them. Without a source it says what it is.
 */
export function scriptedDraft(system: string, user: string, doesInvent: boolean): string {
  const [first] = user.matchAll(source)
  const greeting = /[Bb]egin with the line "([^"\n]*)"/.exec(system)?.[1]
  const closing = /end with these two lines:\n([^\n]*\n[^\n]*)/.exec(system)?.[1]
  const [, id = '', , text = ''] = first ?? []
  const sentences = text.match(/[^.!?]+[.!?]+(?=\s|$)/g) ?? [text]
  const answer = first
    ? `${sentences.slice(0, 3).join('').trim()} [[${id}]]`
    : `This is ${scriptedName}: no model, but rules that copy the first source of a prompt. There was none.`
  return [greeting, answer, ...(doesInvent ? [inventions] : []), closing]
    .filter((part) => part !== undefined)
    .join('\n\n')
}

const textIn = (content: unknown): string =>
  textOf(content) ??
  objectsOf(content)
    .map((part) => textOf(part['text']) ?? '')
    .join('')

/** The plainest value that fits a schema. */
function exampleOf(schema: unknown): unknown {
  const fields = objectOf(schema) ?? {}
  const [option] = objectsOf(fields['anyOf'])
  if (option) return exampleOf(option)
  if ('const' in fields) return fields['const']
  if (Array.isArray(fields['enum'])) return fields['enum'][0] as unknown
  if (fields['type'] === 'object')
    return Object.fromEntries(
      Object.entries(objectOf(fields['properties']) ?? {}).map(([key, one]) => [key, exampleOf(one)]),
    )
  if (fields['type'] === 'array') return []
  if (fields['type'] === 'number' || fields['type'] === 'integer') return fields['minimum'] ?? 0
  if (fields['type'] === 'boolean') return false
  return fields['type'] === 'null' ? null : scriptedName
}

function tell(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', server: scriptedName })
  response.end(JSON.stringify(json))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer // no encoding is set
    size += bytes.length
    if (size > mostBytes) return ''
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}
