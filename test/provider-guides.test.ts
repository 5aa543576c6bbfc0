import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { budgetDeclaration, priceDeclaration } from '../src/sdk/costs.ts'
import { modelDeclaration, routeDeclaration, routeName } from '../src/sdk/models.ts'

const guides = resolve(import.meta.dirname, '../docs/guides')

/** A part of the settings, as the guides show them. */
const settings = z.strictObject({
  models: z.record(routeName, modelDeclaration).optional(),
  routes: z.record(routeName, z.union([routeDeclaration, z.strictObject({ classifier: z.string() })])).optional(),
  prices: z.array(priceDeclaration).optional(),
  budgets: z.array(budgetDeclaration).optional(),
  gateway: z.strictObject({ budgets: z.array(z.string()), dataClass: z.string().optional() }).optional(),
})

const fences = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)

const declares = (code: string): boolean => /^(?:models|routes|prices|budgets|gateway): /.test(code)

/** Literals alone: nothing of this process can be reached from there. The copy has its objects made here. */
const read = (code: string): unknown => JSON.parse(JSON.stringify(runInNewContext(`({${code}})`)))

const pages = globSync('**/*.md', { cwd: guides }).toSorted()

test.each(pages)(
  '%s: what it declares is what the project file takes, and its routes name models of the page',
  (page) => {
    const text = readFileSync(join(guides, page), 'utf8')
    const declared = fences(text, 'ts')
      .filter(declares)
      .map((code) => settings.parse(read(code)))
    if (!page.startsWith('providers/')) return
    for (const route of fences(text, 'json')) routeDeclaration.parse(JSON.parse(route))
    const models = new Set(declared.flatMap((one) => Object.keys(one.models ?? {})))
    const named = declared.flatMap((one) =>
      Object.values(one.routes ?? {}).flatMap((route) =>
        'classifier' in route ? [] : [...route.targets, ...route.fallback].map(({ model }) => model),
      ),
    )
    expect(named.filter((name) => !models.has(name))).toEqual([])
  },
)

test('each kind of provider has its guide with a declaration of it', () => {
  const shown = (page: string) => fences(readFileSync(join(guides, 'providers', page), 'utf8'), 'ts').join('\n')
  for (const [page, provider] of [
    ['openai.md', 'openai'],
    ['anthropic.md', 'anthropic'],
    ['openai-compatible.md', 'openai-compatible'],
    ['kserve.md', 'kserve-v2'],
    ['onnx.md', 'onnx'],
  ] as const)
    expect(shown(page)).toContain(`provider: '${provider}', `)
})
