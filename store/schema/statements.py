"""Splits SQL text into statements, as far as migrations need it."""

import re

# Tokens that may contain a semicolon, the semicolon that ends a statement, and any other character. Function bodies
# are dollar-quoted in this project; the SQL-standard form (BEGIN ATOMIC … END) is not understood.
_TOKEN = re.compile(
    r"""(?P<comment> --[^\n]* | /\*.*?\*/ )
      | (?P<quoted>  [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                   | \$(?P<tag>[A-Za-z_]\w*)?\$ .*? \$(?(tag)(?P=tag))\$ )
      | (?P<end> ; )
      | (?P<other> \w+ | . )""",
    re.VERBOSE | re.DOTALL,
)


def split(sql: str) -> list[str]:
    """The statements of a file, in order, without comments and without the semicolons that end them."""
    statements = [""]
    for token in _TOKEN.finditer(sql):
        match token.lastgroup:
            case "end":
                statements.append("")
            case "comment":
                statements[-1] += " "
            case _:
                statements[-1] += token[0]
    return [statement.strip() for statement in statements if statement.strip()]


def without_literals(statement: str) -> str:
    """The statement in lower case and with single spaces; each string, and each body of a function, becomes ``''``."""
    parts = ("''" if _is_literal(token) else token[0].lower() for token in _TOKEN.finditer(statement))
    return " ".join("".join(parts).split())


def _is_literal(token: re.Match[str]) -> bool:
    return token["quoted"] is not None and not token[0].startswith('"')
