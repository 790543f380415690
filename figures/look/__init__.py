"""How every figure looks: colours, sizes, marks, shades, panels, and the files they are saved in."""
