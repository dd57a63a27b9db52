"""Readers refuse what they cannot read by one kind of error, and keep to their bounds."""

import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import InvalidError
from domain.leads.raw import RawLead
from domain.leads.reading import form, google, linkedin, meta
from domain.leads.reading.values import MOST_ANSWERS, MOST_NAME, MOST_TEXT, MOST_VALUES
from domain.text.json_faults import UNSTORABLE

READERS = (meta.read, google.read, linkedin.read, form.read)
_WORDS = re.findall(
    r"\w+",
    """id lead_id created_time field_data name values custom_disclaimer_responses checkbox_key is_checked form_id
    user_column_data column_id column_name string_value is_test lead_submit_time formResponse answers answerDetails
    questionId textQuestionAnswer answer multipleChoiceAnswer options consentResponses consentId accepted form content
    questions question questionDetails multipleChoiceQuestionDetails localized legalInfo consents consent hiddenFields
    predefinedField submittedAt testLead versionedLeadGenFormUrn leadMetadata sponsoredLeadMetadata campaign
    associatedEntity associatedCreative form_response token definition fields field ref type title label key value text
    data payload hidden labels meta""",
)
_UNUSUAL = ("\ud800", "\0", "1" * 5000, 10**400, "9" * 13, "9999-12-31T23:59:59-23:59", "0001-01-01T00:00+23:00")
names = st.sampled_from(_WORDS) | st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*_WORDS, *_UNUSUAL])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
bodies = st.dictionaries(names, values, max_size=6)


def fits(lead: RawLead) -> None:
    texts = [lead.id, lead.form_id or "", *lead.about.keys(), *lead.about.values()]
    assert len(lead.answers) <= MOST_ANSWERS
    for one in lead.answers:
        assert 0 < len(one.name) <= MOST_NAME
        assert len(one.values) <= MOST_VALUES
        texts += [one.name, one.label or "", *one.values]
    texts += [text for box in lead.disclaimers for text in (box.key, box.label or "")]
    assert all(len(text) <= MOST_TEXT and not UNSTORABLE.search(text) for text in texts)
    assert lead.created_at is None or lead.created_at.utcoffset() is not None
    hash((lead.answers, lead.disclaimers))


@given(bodies, st.sampled_from(READERS))
@example({"formResponse": {"answers": [{"questionId": {}}], "consentResponses": [{"consentId": []}]}}, linkedin.read)
@example({"fields": [{"name": {}, "value": {"label": {"label": []}}, "options": [{"id": "x", "text": {}}]}]}, form.read)
@example({"form_response": {"answers": [{"type": "field", "field": {"id": []}}], "hidden": [[[{}]]]}}, form.read)
def test_nothing_but_the_error_for_invalid_values_is_raised(body: dict[str, Any], read: Any) -> None:
    try:
        lead = read({"id": "1", "lead_id": "1"} | body)
    except InvalidError:
        return
    fits(lead)
