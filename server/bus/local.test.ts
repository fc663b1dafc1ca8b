import { busContract } from "./contract.ts"
import { localBus } from "./local.ts"

busContract("local", async () => ({ bus: localBus(), settle: async () => {} }))
