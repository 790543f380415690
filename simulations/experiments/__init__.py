"""One file per illustration of the theory: configuration, data, and the function from the one to the other."""
