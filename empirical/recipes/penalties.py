"""Grids of penalties C, the inverse of the L2 strength, on which linear probes are solved."""

#: 50 values of C from 1e-7 to 1e2, as the paper's launcher has them.
PAPER_PENALTIES = tuple(float(f"{10 ** (-7 + 9 * step / 49):.6g}") for step in range(50))
#: As wide in steps of 1 and 3, for a set of a few hundred images.
DIGITS_PENALTIES = tuple(float(f"{digit}e{power}") for power in range(-7, 3) for digit in (1, 3))[:-1]
#: The least in which an optimum may lie in the middle.
MINIATURE_PENALTIES = tuple(float(f"1e{power}") for power in range(-4, 2))
