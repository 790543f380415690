"""How files in official layouts become labelled images: one module for each that has its own."""
