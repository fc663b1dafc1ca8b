import type { Database } from "bun:sqlite"
import { StoreDamaged } from "../core/ports.ts"
import { serveOrders } from "./control.ts"
import { openReadOnly } from "./database.ts"
import { faultOf, messageOf } from "./faults.ts"
import type { Statement } from "./group.ts"
import { serveLane } from "./lane.ts"
import { type Reads, reader } from "./reader.ts"
import type { Epoch } from "./rows.ts"
import { statementRunner } from "./statements.ts"

export type ReaderOrder =
  | { readonly order: "open"; readonly folder: string; readonly epochs: readonly Epoch[] }
  | { readonly order: "close" }

/** The name of a read and its arguments, or a statement of `Records`. */
export type Question =
  | { [Name in keyof Reads]: readonly [Name, ...Parameters<Reads[Name]>] }[keyof Reads]
  | readonly ["select", Statement]

export type Reply =
  | { readonly is: "read"; readonly value?: unknown }
  | { readonly is: "damaged" | "wrong"; readonly message: string }

interface Open {
  readonly db: Database
  readonly reads: Reads
  readonly select: (statement: Statement) => readonly unknown[]
}

let open: Open | undefined

serveOrders<ReaderOrder>((order) => {
  switch (order.order) {
    case "open": {
      const db = openReadOnly(order.folder)
      open = { db, reads: reader(db, order.epochs), select: statementRunner(db).rows }
      return undefined
    }
    case "close":
      open?.db.close(true)
      return undefined
    default:
      return order satisfies never
  }
})

serveLane<Question, Reply>((questions) => questions.map(reply))

function reply(question: Question): Reply {
  try {
    if (!open) throw new Error("The reader was asked before it was opened.")
    return { is: "read", value: answer(open, question) }
  } catch (error) {
    const message = messageOf(error)
    const damaged = error instanceof StoreDamaged || faultOf(error) === "damaged"
    return { is: damaged ? "damaged" : "wrong", message }
  }
}

function answer({ reads, select }: Open, question: Question): unknown {
  switch (question[0]) {
    case "read":
      return reads.read(question[1], question[2], question[3])
    case "find":
      return reads.find(question[1], question[2])
    case "head":
      return reads.head(question[1])
    case "changes":
      return reads.changes(question[1], question[2], question[3], question[4], question[5])
    case "shown":
      return reads.shown(question[1], question[2])
    case "unread":
      return reads.unread(question[1], question[2], question[3], question[4])
    case "mentioned":
      return reads.mentioned(question[1], question[2], question[3], question[4])
    case "threads":
      return reads.threads(question[1], question[2])
    case "seqAt":
      return reads.seqAt(question[1], question[2])
    case "roomsOf":
      return reads.roomsOf(question[1])
    case "next":
      return reads.next(question[1], question[2])
    case "select":
      return select(question[1])
    default:
      return question satisfies never
  }
}
