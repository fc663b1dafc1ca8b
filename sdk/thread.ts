import type { Shown } from "../protocol/timeline.ts"
import { postOf, type Said, type Saying, type SayOptions } from "./commands.ts"
import type { Loaded, Pages } from "./pages.ts"
import type { Replica } from "./replica.ts"

/** A thread that is looked at: the messages that grow from one of the room's. Its room tells when it changes. */
export interface Thread {
  /** The seq of the message it grows from. */
  readonly root: number
  /** What is said in it, ascending, as far as it is loaded. */
  readonly messages: readonly Shown[]
  older(): Promise<Loaded>
  say(text: string, options?: Omit<SayOptions, "root">): Said
  /** Looks at it no more. */
  close(): void
}

export function openThread(
  root: number,
  replica: Replica,
  pages: Pages,
  submit: (saying: Saying) => Said,
): Thread {
  replica.thread(root)
  return {
    root,
    get messages() {
      return replica.threads.get(root)?.list() ?? []
    },
    older: () => pages.older(undefined, root),
    say: (text, options) => submit(postOf(text, { ...options, root })),
    close: () => {
      replica.threads.delete(root)
    },
  }
}
