"""What is run: suites and their files, units of work, the plan of them, and the ledger of those that are finished."""
