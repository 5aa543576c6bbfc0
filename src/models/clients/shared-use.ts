import type { TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'

/** What a key has let through in the last minute, and what runs. */
export interface Use {
  readonly requests: number
  readonly tokens: number
  readonly atOnce: number
}
export const noUse: Use = { requests: 0, tokens: 0, atOnce: 0 }

export interface KeyUse extends Use {
  readonly tenant: TenantId
  readonly key: string
}

/** Tells what this process let through, and answers what the others did, of the same keys and by key. A round trip for all of them. */
export async function exchangeUse(
  pool: Pool,
  process: string,
  own: readonly KeyUse[],
): Promise<ReadonlyMap<string, Use>> {
  const { rows } = await pool.query<{ key: string; requests: string; tokens: string; at_once: string }>({
    name: 'exchange-key-use',
    // A process that says nothing for a while has ended, and what it let run with it; what it had let through counts on for the minute.
    text: `with x as (select * from json_to_recordset($2) as x(tenant text, key text, requests bigint, tokens bigint, "atOnce" int)),
      told as (insert into key_use (t, key, process, requests, tokens, at_once) select tenant, key, $1, requests, tokens, "atOnce" from x order by 1, 2
        on conflict (t, key, process) do update set requests = excluded.requests, tokens = excluded.tokens, at_once = excluded.at_once, told = clock_timestamp())
      select k.key, sum(k.requests) as requests, sum(k.tokens) as tokens,
        coalesce(sum(k.at_once) filter (where k.told > clock_timestamp() - interval '10 seconds'), 0) as at_once
      from x join key_use k on k.t = x.tenant and k.key = x.key
      where k.process <> $1 and k.told > clock_timestamp() - interval '1 minute' group by k.key`,
    values: [process, JSON.stringify(own)],
  })
  return new Map(
    rows.map(({ at_once, key, requests, tokens }) => [
      key,
      { requests: Number(requests), tokens: Number(tokens), atOnce: Number(at_once) },
    ]),
  )
}

/** What nobody reads any more. */
export const forgetOldUse = (pool: Pool): Promise<unknown> =>
  pool.query(`delete from key_use where told < clock_timestamp() - interval '5 minutes'`)
