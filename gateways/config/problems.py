"""Errors of a gateway's configuration, with pointers to fields."""

from dataclasses import dataclass

from domain.errors import MAX_SHOWN, FieldError, InvalidError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. ``pointer`` is a JSON pointer (RFC 6901) into ``{"type": …, "channel": …, "config": …}``."""

    pointer: str
    code: str
    message: str


class InvalidGatewayConfig(InvalidError):
    """A gateway cannot be configured so. ``problems`` never quotes the values, which may be secrets."""

    def __init__(self, problems: list[Problem]) -> None:
        message = "; ".join(f"{problem.pointer}: {problem.message}" for problem in problems)
        fields = [FieldError(problem.pointer, problem.code, problem.message) for problem in problems[:MAX_SHOWN]]
        super().__init__("gateway_config", message, fields=fields)
        self.problems = problems
