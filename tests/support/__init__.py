"""What tests share: strategies, independent references, small problems, small suites, scripts to be killed."""

from pathlib import Path

#: Where the scripts lie that tests start as processes of their own.
SUPPORT = Path(__file__).parent
#: The checkout.
ROOT = SUPPORT.parents[1]
