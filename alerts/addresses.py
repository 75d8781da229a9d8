"""Which addresses the guarded session may reach, and how an address may be shown."""

from __future__ import annotations

import ipaddress

from yarl import URL

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def public_url(url: str) -> str:
    """Return scheme://host/path of a URL, without user name, password, query string and fragment."""
    try:
        return str(URL(url).with_user(None).with_query(None).with_fragment(None))
    except ValueError:
        return "(not a valid address)"


def is_public(address: str) -> bool:
    """Tell whether an IP address, as text, may be reached without `allow_private`.

    IPv4 addresses wrapped in IPv6 (mapped, 6to4, Teredo, NAT64) are judged by what they wrap.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class PrivateAddress(OSError):
    """A name leads to addresses that may not be reached."""


def refusal(host: str) -> str:
    """Say that an address is not reached, and what would change that."""
    return f"{host} is a private or local address; only what is configured with allow_private is reached"


def check_literal(host: str) -> None:
    """Raise PrivateAddress for one written as numbers, which never passes through the resolver."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not is_public(host):
        raise PrivateAddress(refusal(host))
