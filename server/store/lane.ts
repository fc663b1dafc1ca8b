import { tidyWhenQuiet } from "./heap.ts"

/** Asks of one worker, many in one message: a message costs tens of microseconds, what is in it hardly anything. */
export interface Lane<Ask, Answer> {
  /** Rejects only when the worker is gone. */
  ask(ask: Ask): Promise<Answer>
  /** When everything asked so far is answered. */
  idle(): Promise<void>
  /** The worker died: all that is asked now and later is answered by a rejection. */
  fail(error: Error): void
}

interface LaneOptions<Ask> {
  /** While so many messages are unanswered, asks wait and go together in the next one. */
  readonly messagesInFlightMax: number
  /** How much work an ask is, and how much a message holds; one ask always fits. */
  readonly weigh: (ask: Ask) => number
  readonly weightMax: number
  /** Hears of every answered message: its weight, and the length of its text. */
  readonly answered?: (weight: number, chars: number) => void
}

/** A worker, as far as a lane needs one. */
interface Hearer {
  postMessage(text: string): void
  addEventListener(type: "message", hear: (event: MessageEvent) => void): void
}

interface Waiting<Ask, Answer> {
  readonly ask: Ask
  readonly answer: (answer: Answer) => void
  readonly fail: (error: Error) => void
}

/**
 * Messages are JSON text: measured, that costs a sender less than half of what the same objects cost. A worker answers
 * messages in order, and the asks of a message in order.
 */
export function lane<Ask, Answer>(worker: Hearer, options: LaneOptions<Ask>): Lane<Ask, Answer> {
  let waiting: Waiting<Ask, Answer>[] = []
  const inFlight: {
    readonly batch: readonly Waiting<Ask, Answer>[]
    readonly weight: number
    readonly chars: number
  }[] = []
  let flushing = false
  let broken: Error | undefined
  const whenIdle: (() => void)[] = []

  function flush(): void {
    flushing = false
    while (waiting.length > 0 && inFlight.length < options.messagesInFlightMax) {
      const { count, weight } = fitting(waiting, options)
      const batch = count === waiting.length ? waiting : waiting.slice(0, count)
      waiting = waiting.slice(count)
      const text = JSON.stringify(batch.map((one) => one.ask))
      inFlight.push({ batch, weight, chars: text.length })
      worker.postMessage(text)
    }
  }

  worker.addEventListener("message", (event: MessageEvent<unknown>) => {
    if (typeof event.data !== "string") return
    const { batch, weight, chars } = inFlight.shift() ?? { batch: [], weight: 0, chars: 0 }
    // A worker of ours answers what it was asked; there is nothing to check.
    const answers: readonly Answer[] = JSON.parse(event.data)
    flush()
    for (const [index, answer] of answers.entries()) batch[index]?.answer(answer)
    options.answered?.(weight, chars)
    tellIdle()
  })

  const isIdle = () => waiting.length === 0 && inFlight.length === 0
  function tellIdle(): void {
    if (isIdle()) for (const tell of whenIdle.splice(0)) tell()
  }

  return {
    ask(ask) {
      if (broken) return Promise.reject(broken)
      return new Promise((answer, fail) => {
        waiting.push({ ask, answer, fail })
        if (flushing || inFlight.length >= options.messagesInFlightMax) return
        flushing = true
        queueMicrotask(flush)
      })
    },
    idle: () => (isIdle() ? Promise.resolve() : new Promise((tell) => whenIdle.push(tell))),
    fail(error) {
      broken = error
      for (const one of [...inFlight.splice(0).flatMap((message) => message.batch), ...waiting.splice(0)])
        one.fail(error)
      tellIdle()
    },
  }
}

/** How many of those that wait go in one message. */
function fitting<Ask>(
  waiting: readonly { readonly ask: Ask }[],
  { weigh, weightMax }: LaneOptions<Ask>,
): { readonly count: number; readonly weight: number } {
  let weight = 0
  let count = 0
  for (const { ask } of waiting) {
    const more = weigh(ask)
    if (count > 0 && weight + more > weightMax) break
    weight += more
    count++
  }
  return { count, weight }
}

/** The worker's side: answers every message of asks at once. `quiet`: after a burst, to give back memory. */
export function serveLane<Ask, Answer>(
  answerAll: (asks: readonly Ask[]) => readonly Answer[],
  quiet: () => void = () => undefined,
): void {
  const tidy = tidyWhenQuiet(quiet)
  addEventListener("message", (event: MessageEvent<unknown>) => {
    if (typeof event.data !== "string") return
    const asks: readonly Ask[] = JSON.parse(event.data)
    const answers = JSON.stringify(answerAll(asks))
    postMessage(answers)
    tidy(event.data.length + answers.length)
  })
}
