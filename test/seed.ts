// Loaded before every test: properties are tried on the same examples each time, so that a failure is somebody's change
// and not somebody's luck. `FC_SEED=…` tries others; the message of a failure says which seed it was.
import process from "node:process"
import fc from "fast-check"

fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20_261_122) })
