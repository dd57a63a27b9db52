"""Checks provider's templates before a credit is held, by what was read from the provider."""

from collections.abc import Mapping, Sequence

from domain.errors import FieldError, invalid, pointer
from domain.whatsapp.templates import ProviderTemplate, Unfit, unfit
from services.whatsapp.uses import TemplateUsed
from store.pool import Connections
from store.whatsapp import templates

Known = Mapping[str, Mapping[str, Sequence[ProviderTemplate]] | None]


async def check_templates(
    store: Connections,
    account_id: int,
    used: Sequence[TemplateUsed],
    wanted: Mapping[int, str],
    places: Sequence[tuple[str | int, ...]],
) -> None:
    """Refuse messages that the provider would surely refuse. A gateway whose templates were not read lets all pass.

    ``wanted``: by the index of a message the gateway that it requests. ``places``: where each use stands in the
    request.

    Raises:
        InvalidError: what is wrong, with its place.
    """
    known = await templates.named(store, account_id, {str(use.template.get("name")) for use in used})
    errors = []
    for use, place in zip(used, places, strict=True):
        if problem := _problem(use, known, wanted.get(use.index)):
            errors.append(FieldError(pointer(*place, *problem.path), problem.code, problem.message))
    if errors:
        raise invalid(errors)


def _problem(use: TemplateUsed, known: Known, wanted: str | None) -> Unfit | None:
    ways = [known[wanted]] if wanted is not None and wanted in known else list(known.values())
    problem: Unfit | None = None
    for way in ways:
        if way is None:
            return None
        found = unfit(use.template, way.get(str(use.template.get("name")), ()), use.to_us)
        if found is None:
            return None
        problem = problem or found
    return problem
