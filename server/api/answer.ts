import { type Uuid, uuid7, uuidVersion } from "../../protocol/ids.ts"
import { isRefusal, type Refusal, refusals, refuse } from "../../protocol/refusals.ts"
import { type Answer, type Requests, StoreDamaged, StoreRefused } from "../core/ports.ts"
import type { Handler } from "./handler.ts"
import type { Pace } from "./pace.ts"
import type { Api } from "./parts.ts"
import type { AnswerMemory } from "./remember.ts"

/** Answers requests from a table. Whatever was asked, there is an answer; a bug is told to the operator and `broken`. */
export function answering(
  handlers: ReadonlyMap<string, Handler>,
  api: Api,
  memory: AnswerMemory,
  pace: Pace,
): Requests {
  async function judged(...[who, request, from]: Parameters<Requests["answer"]>): Promise<Answer | Refusal> {
    const handler = handlers.get(request.name)
    if (!handler) return refuse("no-such-request")
    if (handler.who !== "anyone" && !who) return refuse("sign-in-first")
    const { input } = request
    const wrong = (who && pace.take(who.id)) ?? handler.refuseInput(input) ?? refuseId(handler, request.id)
    if (wrong) return wrong
    const id = request.id ?? uuid7(api.world.now(), api.world.random(10))
    const work = () => handler.run({ api, from, who, id }, input)
    if (handler.changes !== "remembered" || request.id === undefined) return work()
    // Whoever comes in may or may not have been somebody before; a repeat is a repeat either way.
    const account = handler.who === "anyone" ? undefined : who?.id
    return memory.answer({ account, id, name: handler.name, input }, work)
  }

  return {
    async answer(...asked) {
      try {
        const answer = await judged(...asked)
        return isRefusal(answer) ? refusal(answer) : answer
      } catch (error) {
        return refusal(failure(error, api.broke))
      }
    },
  }
}

function refusal(no: Refusal): Answer {
  return { status: refusals[no.code].status, body: no }
}

/** What is appended takes this id; those derived from a cause are the server's own. */
function refuseId({ changes }: Handler, id: Uuid | undefined): Refusal | undefined {
  if (changes === "nothing" || id === undefined || uuidVersion(id) === 7) return undefined
  return refuse("bad-input", "The id of a request that changes something is a UUID of version 7.")
}

function failure(error: unknown, broke: Api["broke"]): Refusal {
  if (error instanceof StoreDamaged) return refuse("store-damaged")
  if (error instanceof StoreRefused) return refuse(error.code === "conflict" ? "busy" : error.code)
  broke(error)
  return refuse("broken")
}
