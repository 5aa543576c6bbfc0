import type { Chance } from './chance.ts'

/**
 * Splits positions into a training and a validation part, stratified: of each label the given share, at least one, and never all of it.
 * `labels` has a number for each position.
 */
export function stratifiedSplit(
  labels: readonly number[],
  share: number,
  chance: Chance,
): { readonly train: number[]; readonly validation: number[] } {
  const byLabel = new Map<number, number[]>()
  for (const [position, label] of labels.entries()) byLabel.set(label, [...(byLabel.get(label) ?? []), position])
  const validation = new Set<number>()
  for (const [, positions] of [...byLabel].sort(([a], [b]) => a - b)) {
    const count = Math.min(positions.length - 1, Math.max(1, Math.round(positions.length * share)))
    for (const i of chance.order(positions.length).slice(0, count)) validation.add(positions[i] ?? -1)
  }
  const all = labels.map((_, i) => i)
  return { train: all.filter((i) => !validation.has(i)), validation: all.filter((i) => validation.has(i)) }
}
