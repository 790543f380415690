"""Addresses of Dask schedulers, checked before anybody connects: Dask's client hangs over one that it cannot read."""

from urllib.parse import urlsplit

from artifacts import ArgumentError

SCHEMES = ("tcp", "tls")
#: Where a scheduler and its workers say how they are, which asks for no key: on their own machine alone.
HTTP_ADDRESS = "127.0.0.1:0"


def check_address(address: str) -> None:
    """Whether an address names a scheme, a host and a port.

    Raises:
      ArgumentError: it does not.
    """
    try:
        parts = urlsplit(address)
        whole = parts.scheme in SCHEMES and parts.hostname and parts.port
        more = parts.path or parts.query or parts.fragment or parts.username or not address.isprintable()
    except ValueError:  # a port beyond 65535, or half an IPv6 address
        whole, more = False, True
    if not whole or more or " " in address:
        raise ArgumentError(
            f"The scheduler's address must be like tcp://10.0.0.1:8786, or tls:// where it wants keys, got {address!r}."
        )
