import type { Refusal } from "../../protocol/refusals.ts"
import { commander } from "./control.ts"
import type { CopyReport } from "./copy.ts"
import type { InspectorOrder } from "./inspector-worker.ts"
import type { KnownHead, Verification, VerifyProgress } from "./verification.ts"

type Tell = (progress: VerifyProgress) => void

/**
 * Recomputes every chain of the store in a folder, whether a server runs on it or not, and compares it with what is
 * remembered of it elsewhere. A refusal: there is nothing to verify.
 */
export function verify(
  folder: string,
  known: readonly KnownHead[] = [],
  tell?: Tell,
): Promise<Verification | Refusal> {
  return inspected({ order: "verify", folder, known }, tell)
}

/** Copies the store of `folder` whole and checked into the folder `to`, also while a server runs on it. */
export function backup(folder: string, to: string, tell?: Tell): Promise<CopyReport | Refusal> {
  return inspected({ order: "backup", from: folder, to }, tell)
}

/** Makes `to` a data folder that serves what the backup in `from` holds, in a new epoch. No server may run on `to`. */
export function restore(
  from: string,
  to: string,
  { replace = false }: { readonly replace?: boolean } = {},
  tell?: Tell,
): Promise<CopyReport | Refusal> {
  return inspected({ order: "restore", from, to, replace }, tell)
}

async function inspected<Value>(order: InspectorOrder, tell?: Tell): Promise<Value> {
  const worker = new Worker(new URL("./inspector-worker.ts", import.meta.url), { smol: true })
  worker.addEventListener("message", (event: MessageEvent<unknown>) => {
    if (typeof event.data === "string") tell?.(JSON.parse(event.data))
  })
  try {
    return await commander<InspectorOrder>(worker)<Value>(order)
  } finally {
    worker.terminate()
  }
}
