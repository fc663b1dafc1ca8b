#!/usr/bin/env node
// The `parley` command. Node starts it, because Node is what a person has; Bun runs it.
import { spawn } from "node:child_process"
import { bundle, root, setup } from "./setup.js"

if (!setup() || !bundle()) process.exit(1)

const child = spawn(`${root}node_modules/.bin/bun`, [`${root}dist/main.js`, ...process.argv.slice(2)], {
  stdio: "inherit",
})

// At a terminal Ctrl-C already reaches every process of the group; passing it on would make it two.
const atTerminal = process.stdin.isTTY === true
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !atTerminal) child.kill(signal)
  })
}

// npx keeps a shell between itself and us, which dies of a SIGTERM without passing it on.
if (process.env.npm_command === "exec") {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    child.kill("SIGTERM")
  }, 250)
}

child.on("error", (error) => {
  process.stderr.write(`parley could not start: ${error.message}\n`)
  process.exit(1)
})
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code ?? 1)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
