"""One file per experiment on measured inputs, of the same form as those in `simulations/experiments`."""
