"""Error messages for users of the CLI."""


def explain(error: Exception) -> str | None:
    """The message for an error that a user can fix; ``None`` for a bug of ours."""
    from domain.errors import XsenderError

    if isinstance(error, XsenderError):
        return error.message
    return _of_input(error) or _of_database(error) or _of_temporal(error)


def _of_input(error: Exception) -> str | None:
    from pydantic import ValidationError

    from domain.recipients import InvalidRecipient
    from domain.validation.sentences import in_words

    if isinstance(error, ValidationError):
        problems = error.errors(include_url=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, entry['loc']))}: {in_words(entry)}" for entry in problems)
    if isinstance(error, InvalidRecipient):
        return str(error)
    return None


def _of_database(error: Exception) -> str | None:
    import psycopg
    from psycopg_pool import PoolTimeout

    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedFunction):
        return "The database is empty or too old: run 'xsender migrate'."
    if isinstance(error, PoolTimeout | psycopg.OperationalError):
        return "The database does not answer: is the install running, and is it the one you mean (--data-dir)?"
    if isinstance(error, psycopg.DataError):
        return f"The database does not accept this value: {error.diag.message_primary or error}."
    return None


def _of_temporal(error: Exception) -> str | None:
    from temporalio.service import RPCError

    if isinstance(error, RPCError):
        return "Temporal does not answer: is the install running, and is it the one you mean (--data-dir)?"
    return None
