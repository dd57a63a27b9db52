"""What a mapping makes of leads, before it is saved."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from domain.errors import FieldError, InvalidError, invalid
from domain.keyring import Keyring, KeyringError
from domain.leads.mapping import Rule, map_lead, parse_rules, shown_rules
from domain.leads.raw import RawLead
from domain.leads.reading.by_kind import read_lead
from domain.leads.source import SourceSettings
from domain.leads.suggesting import suggest
from services.leads.setting_up.naming import mapping_faults
from store.audience.contacts.terms import terms_of
from store.leads import lists
from store.leads.sealing import open_lead
from store.leads.sources import Source
from store.pool import Connections

_LEADS = 5


@dataclass(frozen=True, slots=True)
class _Sample:
    lead_id: UUID | None
    raw: RawLead
    body: Mapping[str, Any]


async def preview(
    store: Connections,
    keyring: Keyring,
    source: Source,
    mapping: Sequence[Mapping[str, Any]] | None,
    body: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What rules make of the last leads of a source, or of a body as its provider posts it. Nothing is stored.

    Args:
        mapping: Rules; ``None``: those of the source. Without any those count that are usual.

    Raises:
        InvalidError: the rules are none, name what there is not, or the body is no lead.
    """
    settings = SourceSettings.of(source.settings)
    rules = parse_rules(list(settings.mapping if mapping is None else mapping))
    if mapping is not None and (faults := await mapping_faults(store, source.account_id, rules)):
        raise invalid(faults)
    samples = await _latest(store, keyring, source) if body is None else [_given(source, body)]
    terms = await terms_of(store, source.account_id, ())
    country = settings.country or terms.region
    return {
        "leads": [_mapped(sample, rules or suggest(sample.raw), country, terms.fields) for sample in samples],
        "suggested": shown_rules(suggest(_together(samples))) if samples else [],
    }


def shown_raw(raw: RawLead) -> dict[str, Any]:
    """What somebody answered, as the provider gave it."""
    return {
        "answers": [asdict(one) for one in raw.answers],
        "disclaimers": [asdict(one) for one in raw.disclaimers],
        "about": dict(raw.about),
    }


def _given(source: Source, body: Mapping[str, Any]) -> _Sample:
    try:
        return _Sample(None, read_lead(source.kind, body), body)
    except InvalidError as error:
        raise invalid([FieldError(f"/body{one.pointer}", one.code, one.message) for one in error.fields]) from None


async def _latest(store: Connections, keyring: Keyring, source: Source) -> list[_Sample]:
    """Those that can be read: what cannot tells nothing of a mapping."""
    samples = []
    for lead in await lists.latest_raw(store, source.id, _LEADS):
        assert lead.sealed is not None, "only such leads are read"
        try:
            body = open_lead(keyring, lead.id, lead.sealed)
            samples.append(_Sample(lead.id, read_lead(source.kind, body), body))
        except (InvalidError, KeyringError):
            continue
    return samples


def _together(samples: Sequence[_Sample]) -> RawLead:
    """All questions that were answered: not every lead has each of them."""
    answers = {one.name: one for sample in samples for one in sample.raw.answers if one.values}
    return replace(samples[0].raw, answers=tuple(answers.values()))


def _mapped(sample: _Sample, rules: Sequence[Rule], country: str | None, fields: Mapping[str, str]) -> dict[str, Any]:
    mapped = map_lead(sample.raw, sample.body, rules, country, fields)
    return {
        "lead": sample.lead_id,
        **shown_raw(sample.raw),
        "contact": dict(mapped.values),
        "consents": [{"purpose": one.purpose, "granted": one.granted} for one in mapped.consents],
        "tags": list(mapped.tags),
        "unmapped": dict(mapped.answers),
        "problems": [asdict(one) for one in mapped.problems],
    }
