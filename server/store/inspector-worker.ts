import { serveOrders } from "./control.ts"
import { backupFolder, restoreFolder, verifyFolder } from "./copy.ts"
import type { KnownHead } from "./verification.ts"

/** The worker for long looks at a store; it lives as long as one of them. */
export type InspectorOrder =
  | { readonly order: "verify"; readonly folder: string; readonly known: readonly KnownHead[] }
  | { readonly order: "backup"; readonly from: string; readonly to: string }
  | { readonly order: "restore"; readonly from: string; readonly to: string; readonly replace: boolean }

const TELL_EVERY_MS = 100
let toldAtMs = 0

serveOrders<InspectorOrder>((order) => {
  switch (order.order) {
    case "verify":
      return verifyFolder(order.folder, order.known, tell)
    case "backup":
      return backupFolder(order.from, order.to, tell)
    case "restore":
      return restoreFolder(order.from, order.to, order, tell)
    default:
      return order satisfies never
  }
})

/** Progress goes as text, reports as objects. */
function tell(progress: object): void {
  const nowMs = Date.now()
  if (nowMs - toldAtMs < TELL_EVERY_MS) return
  toldAtMs = nowMs
  postMessage(JSON.stringify(progress))
}
