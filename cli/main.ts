console.error("parley: this command is not built yet.")
process.exit(1)
