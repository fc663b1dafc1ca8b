import { storeContract } from "./contract.ts"
import { openStore } from "./open.ts"

storeContract("a store in memory", () => openStore({ kind: "memory" }))
