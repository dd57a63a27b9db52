"""Run as a program of its own: reads MJML, writes HTML. It may take little memory and time, and write no file."""

import resource
import sys

_MEMORY = 512 * 1024 * 1024
_SECONDS = 5


def main() -> int:
    """Returns 0; or 1, with the reason as its output."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from mjml import mjml2html

    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # no file, no connection: only what is open already
    source = sys.stdin.buffer.read().decode()
    try:
        written, status = mjml2html(source, disable_comments=True), 0
    except Exception as error:
        written, status = str(error)[:500], 1
    sys.stdout.buffer.write(written.encode())
    return status


if __name__ == "__main__":
    sys.exit(main())
