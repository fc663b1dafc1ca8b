import { sql } from "kysely"
import Type from "typebox"
import { type Refusal, refuse } from "../../protocol/refusals.ts"
import { fitsBytes } from "../../protocol/text.ts"
import { type Signed, signedIn } from "./handler.ts"
import { limitOf } from "./paging.ts"
import { Limit, Next, nextPage, Register } from "./shapes.ts"

/** JSON text of a value: a draft is as long as a message may be, with its quotes and escapes. */
const VALUE_BYTES_MAX = 32_768
/** Of one account, marks not counted. */
const REGISTERS_MAX = 2_000
const PAGE_MAX = 500
const KEY_FORM = /^(draft|setting):[A-Za-z0-9_.:-]{1,100}$/

const Key = Type.String({ minLength: 1, maxLength: 128 })

/** What is one's own and no history: the newest value of a key replaces the older, and one's devices hear of it. */
export const registers = [
  signedIn({
    name: "registers.list",
    at: "GET /registers",
    about: "Lists one's drafts, settings and marks, by key; `prefix` is how the key begins.",
    input: { prefix: Type.Optional(Key), limit: Limit, next: Next },
    output: Type.Object({ registers: Type.Array(Register), ...nextPage }),
    run: async ({ api, who }, { prefix = "", limit: wanted, next }) => {
      const limit = limitOf(wanted, PAGE_MAX)
      let query = api.records.db
        .selectFrom("register")
        .select(["key", "value", "version"])
        .where("account", "=", who.id)
        .where("key", ">=", prefix)
        .where("key", "<", `${prefix}\u{10ffff}`)
        .orderBy("key")
        .limit(limit + 1)
      if (next !== undefined) query = query.where("key", ">", next)
      const rows = await query.execute()
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      return { registers: page.map(told), ...(rows.length > limit && last && { next: last.key }) }
    },
  }),
  signedIn({
    name: "registers.get",
    at: "GET /registers/{key}",
    about: "One of one's registers.",
    input: { key: Key },
    output: Register,
    run: async ({ api, who }, { key }) => {
      const row = await api.records.db
        .selectFrom("register")
        .select(["key", "value", "version"])
        .where("account", "=", who.id)
        .where("key", "=", key)
        .executeTakeFirst()
      return row ? told(row) : refuse("no-such-thing")
    },
  }),
  signedIn({
    name: "registers.put",
    at: "PUT /registers/{key}",
    about: "Sets a draft (`draft:…`) or a setting (`setting:…`); null empties it.",
    input: { key: Key, value: Type.Unknown() },
    output: Register,
    run: async (asked, { key, value }) => {
      const text = JSON.stringify(value)
      const refused = refuseRegister(key, text) ?? (await refuseMore(asked, key))
      return refused ?? put(asked, key, text)
    },
  }),
]

async function put({ api, who }: Signed, key: string, text: string) {
  const row = await api.records.db
    .insertInto("register")
    .values({ account: who.id, key, value: text, version: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(["account", "key"])
        .doUpdateSet({ value: text, version: sql<number>`register.version + 1` }),
    )
    .returning("version")
    .executeTakeFirstOrThrow()
  const register = told({ key, value: text, version: row.version })
  api.signals.tell(who.id, { kind: "register", ...register })
  return register
}

function told({ key, value, version }: { key: string; value: string; version: number }) {
  const parsed: unknown = JSON.parse(value)
  return { key, value: parsed, version }
}

function refuseRegister(key: string, text: string): Refusal | undefined {
  if (!KEY_FORM.test(key))
    return refuse(
      "bad-input",
      "key is draft: or setting: and up to 100 letters, digits, dots, colons, dashes or underscores.",
    )
  return fitsBytes(text, VALUE_BYTES_MAX)
    ? undefined
    : refuse("too-large", `value holds at most ${VALUE_BYTES_MAX} bytes.`)
}

async function refuseMore({ api, who }: Signed, key: string): Promise<Refusal | undefined> {
  const { db } = api.records
  const mine = db.selectFrom("register").where("account", "=", who.id)
  const counted = await mine
    .select((build) => build.fn.countAll().as("count"))
    .where("key", "not like", "mark:%")
    .executeTakeFirst()
  if (Number(counted?.count) < REGISTERS_MAX) return undefined
  const known = await mine.select("key").where("key", "=", key).executeTakeFirst()
  return known ? undefined : refuse("too-many", "Too many drafts and settings are kept; empty some first.")
}
