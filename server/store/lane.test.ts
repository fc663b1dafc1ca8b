import { describe, expect, test } from "bun:test"
import { lane } from "./lane.ts"
import { failure } from "./testing/failure.ts"

/** A worker that answers each ask with itself, when told to. */
function slowWorker() {
  const messages: number[][] = []
  let hear: (event: MessageEvent) => void = () => undefined
  return {
    messages,
    worker: {
      postMessage: (text: string) => void messages.push(JSON.parse(text)),
      addEventListener(_: "message", listener: typeof hear) {
        hear = listener
      },
    },
    answer: (message: number) =>
      hear(new MessageEvent("message", { data: JSON.stringify(messages[message]) })),
  }
}

function laneTo(
  worker: ReturnType<typeof slowWorker>["worker"],
  answered: (weight: number) => void = () => undefined,
) {
  return lane<number, number>(worker, {
    messagesInFlightMax: 2,
    weigh: (ask) => ask,
    weightMax: 10,
    answered,
  })
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe("a lane", () => {
  test("sends what is asked in one turn as one message, and answers each for itself", async () => {
    const { worker, messages, answer } = slowWorker()
    const { ask } = laneTo(worker)
    const asked = [1, 2, 3].map(ask)
    await turn()
    expect(messages).toEqual([[1, 2, 3]])
    answer(0)
    expect(await Promise.all(asked)).toEqual([1, 2, 3])
  })

  test("lets what is asked meanwhile wait and go together, no more than a message holds", async () => {
    const { worker, messages, answer } = slowWorker()
    const weights: number[] = []
    const { ask } = laneTo(worker, (weight) => weights.push(weight))
    const first = ask(1)
    await turn()
    const second = ask(2)
    await turn()
    const later = [4, 5, 6, 30, 1].map(ask)
    await turn()
    expect(messages).toEqual([[1], [2]])
    answer(0)
    expect(messages).toEqual([[1], [2], [4, 5]])
    answer(1)
    answer(2)
    expect(messages).toEqual([[1], [2], [4, 5], [6], [30]])
    answer(3)
    answer(4)
    answer(5)
    expect(await Promise.all([first, second, ...later])).toEqual([1, 2, 4, 5, 6, 30, 1])
    expect(weights).toEqual([1, 2, 9, 6, 30, 1])
  })

  test("is idle when everything is answered", async () => {
    const { worker, answer } = slowWorker()
    const { ask, idle } = laneTo(worker)
    await idle()
    let isIdle = false
    const asked = ask(1)
    const waited = idle().then(() => {
      isIdle = true
    })
    await turn()
    expect(isIdle).toBe(false)
    answer(0)
    await Promise.all([waited, asked])
  })

  test("fails whoever waits, and all who come later, when its worker is gone", async () => {
    const { worker, messages } = slowWorker()
    const made = laneTo(worker)
    const asked = [1, 2, 30].map(made.ask)
    await turn()
    expect(messages).toEqual([[1, 2], [30]])
    const waiting = made.ask(4)
    made.fail(new Error("The worker is gone."))
    for (const one of [...asked, waiting, made.ask(5)]) expect((await failure(one)).message).toContain("gone")
    await made.idle()
  })
})
