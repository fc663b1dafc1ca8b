console.error("bench: not built yet.")
process.exit(1)
