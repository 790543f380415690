"""One self-contained page about a results folder: what was verified, simulated, trained and drawn."""
