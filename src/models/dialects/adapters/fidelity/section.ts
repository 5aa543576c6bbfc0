import type { DialectName } from '../../dialect.ts'
import type { Parts, Rules } from '../crossing.ts'

/** One table of the matrix: fields, what each becomes, and a request with one of them for trying it. */
export interface RequestSection {
  readonly title: string
  readonly from: DialectName
  readonly rules: Rules
  /** A body in which the field stands with this value. */
  readonly body: (field: string, value: unknown) => object
  /** A value of each field, of the kind that its fate is about. */
  readonly examples: Readonly<Record<string, unknown>>
  /** Other values, where a field's fate is not the same for all. */
  readonly others?: readonly (readonly [field: string, value: unknown])[]
  /** Mapped, and rightly leaves no trace. */
  readonly silent?: readonly string[]
}

/** A type of part as a rule, so that parts are tried and told as fields are. */
export const partRules = (parts: Parts): Rules =>
  Object.fromEntries(
    Object.entries(parts).map(([type, part]) => [
      type,
      'refused' in part
        ? { fate: 'refused', says: part.refused }
        : { fate: 'mapped', says: `\`${part.as}\``, carry: () => undefined },
    ]),
  )

export const rulesOf = (parts: Parts, type: string): Rules => {
  const part = parts[type]
  return part && 'rules' in part ? part.rules : {}
}
