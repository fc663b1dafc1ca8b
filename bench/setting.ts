import { join } from "node:path"
import type { Program, ServeOptions } from "./parley.ts"

/** What every bench works with. */
export interface Setting {
  readonly program: Program
  /** Where it may write; on the disk that is measured. */
  readonly folder: string
  /** How long a rate is held. */
  readonly seconds: number
  /** The conversation to import; undefined where there is none. */
  readonly corpus: string | undefined
  /** Where profiles of the servers go; undefined for none. */
  readonly profile: string | undefined
}

/** How a server is started that is to be profiled. */
export function profiling({ profile }: Setting, name: string): Pick<ServeOptions, "runtime" | "environment"> {
  if (profile === undefined) return {}
  return {
    runtime: ["--preload", join(import.meta.dir, "..", "bench/profile.ts")],
    environment: { BENCH_PROFILE: join(profile, `${name}.cpuprofile`) },
  }
}
