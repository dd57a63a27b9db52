"""How many descriptors (sockets, files) this process may have open."""

import resource

WANTED = 65_536
"""What a process asks for at most: the hard limit may be a thousand million."""


def raise_descriptor_limit() -> int:
    """Use what the hard limit allows, up to ``WANTED``; the limit that holds then."""
    soft, hard = (WANTED if limit == resource.RLIM_INFINITY else limit for limit in _limits())
    wanted = min(hard, WANTED)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, _limits()[1]))
    return max(soft, wanted)


def descriptor_limit() -> int:
    """The limit that holds now."""
    soft, _ = _limits()
    return WANTED if soft == resource.RLIM_INFINITY else soft


def _limits() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_NOFILE)
