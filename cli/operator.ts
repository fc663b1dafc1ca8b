import { existsSync } from "node:fs"
import { join } from "node:path"
import { version } from "../package.json"
import { isRefusal, type Refusal } from "../protocol/refusals.ts"
import type { Config, Given } from "../server/config.ts"
import { start } from "../server/main.ts"
import { Complaint, misused } from "./complaint.ts"
import { loadConfig } from "./load-config.ts"
import { checkOwner } from "./ownership.ts"

/** The operator's authority over a server, running or not. */
export type Operator = Awaited<ReturnType<typeof start>>["operator"]

/** A socket file of a server that is gone stays behind; nobody answers on it. */
const SOCKET_FILE = "control.sock"

/** Has the operator of the data folder do something: through the running server, else by opening the folder here. */
export async function withOperator<Result>(
  given: Given,
  makesFolder: boolean,
  work: (operator: Operator, config: Config) => Promise<Result>,
): Promise<Result> {
  const config = await loadConfig(given)
  const running = await operatorOfRunning(config.data)
  if (running) return work(running, config)
  if (!makesFolder && !existsSync(config.data))
    throw misused(`There is no data folder ${config.data}; name the right one with --data.`)
  checkOwner(config.data)
  const server = await start(config, { listen: false })
  try {
    return await work(server.operator, config)
  } finally {
    await server.drain()
  }
}

async function operatorOfRunning(data: string): Promise<Operator | undefined> {
  const path = join(data, SOCKET_FILE)
  if (!existsSync(path)) return undefined
  const operator = operatorBehind(path)
  const status = await operator.call("status", {}).catch(() => undefined)
  if (status === undefined) return undefined
  const running = isRefusal(status) ? "another version" : status.version
  if (running !== version)
    throw new Complaint(
      `The server that runs is ${running}, this command is ${version}; use the same of both.`,
    )
  return operator
}

function operatorBehind(path: string): Operator {
  return {
    call: async (name, input) => {
      const response = await fetch(`http://parley/${name}`, {
        method: "POST",
        body: JSON.stringify(input),
        unix: path,
        timeout: false,
      })
      return response.json()
    },
  }
}

/** The answer, or the refusal's sentence for the person. */
export async function answered<Answer extends object>(asked: Promise<Answer | Refusal>): Promise<Answer> {
  const answer = await asked
  if (isRefusal(answer)) throw new Complaint(answer.message)
  return answer
}
