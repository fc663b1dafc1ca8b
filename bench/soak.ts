console.error("soak: not built yet.")
process.exit(1)
