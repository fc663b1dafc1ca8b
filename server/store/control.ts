/** Hears sentences for the operator: something failed and was contained. */
export type Tell = (sentence: string) => void

/** What a worker says of itself, beside its lane. */
type Word = Report | { readonly tell: string }

/** What a worker says when it has obeyed an order. */
type Report =
  | { readonly report: "done"; readonly value?: unknown }
  | { readonly report: "failed"; readonly message: string }

/** Gives orders to a worker, beside its lane: rare ones, each answered before the next is given. */
export type Command<Order> = <Value>(order: Order) => Promise<Value>

/** A command rejects with the worker's own sentence when the worker fails at it, and when the worker is gone. */
export function commander<Order>(worker: Worker): Command<Order> {
  let last: Promise<unknown> = Promise.resolve()
  return <Value>(order: Order) => {
    const report = last.then(() => obeyed<Value>(worker, order))
    last = report.catch(() => undefined)
    return report
  }
}

function obeyed<Value>(worker: Worker, order: unknown): Promise<Value> {
  return new Promise((done, fail) => {
    const end = () => {
      worker.removeEventListener("message", hear)
      worker.removeEventListener("error", broke)
    }
    const hear = (event: MessageEvent<Word | string>) => {
      if (typeof event.data === "string" || "tell" in event.data) return
      end()
      // What an order is answered with is said where the worker obeys it.
      if (event.data.report === "done") done(event.data.value as Value)
      else fail(new Error(event.data.message))
    }
    const broke = (event: ErrorEvent) => {
      end()
      fail(new Error(event.message))
    }
    worker.addEventListener("message", hear)
    worker.addEventListener("error", broke)
    worker.postMessage(order)
  })
}

/** Passes on what a worker tells the operator. */
export function hearTells(worker: Worker, tell: Tell): void {
  worker.addEventListener("message", (event: MessageEvent<Word | string>) => {
    if (typeof event.data !== "string" && "tell" in event.data) tell(event.data.tell)
  })
}

/** The worker's side: a sentence for the operator. */
export function tellOperator(sentence: string): void {
  postMessage({ tell: sentence } satisfies Word)
}

/** The worker's side. What `obey` throws is reported as a sentence. */
export function serveOrders<Order extends object>(obey: (order: Order) => unknown): void {
  addEventListener("message", (event: MessageEvent<Order | string>) => {
    const { data } = event
    if (typeof data !== "string") postMessage(report(() => obey(data)))
  })
}

function report(obey: () => unknown): Report {
  try {
    return { report: "done", value: obey() }
  } catch (error) {
    return { report: "failed", message: error instanceof Error ? error.message : String(error) }
  }
}
