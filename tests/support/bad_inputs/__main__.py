"""Write the table."""

from tests.support.bad_inputs.table import PAGE, write

if __name__ == "__main__":
    print(f"{write()} bad inputs in {PAGE}")
